/**
 * Weathers: how Telegram may behave through a whole pass. Each is a fault without an end, for `BotApi.fault`; an aim
 * narrows it (`{ chatId }`, `{ method: deletes }`, `{ botId }`) or lets it set in later (`{ nth }`) or end (`{ times }`).
 */
import type { Parameters } from './answers.ts';
import type { ChatId } from './chats.ts';
import type { Aim, Fault } from './faults.ts';

export interface Refusal {
  code: number;
  description: string;
  parameters?: Parameters;
}

export const sends = ['sendMessage'];
export const edits = ['editMessageText'];
export const deletes = ['deleteMessage', 'deleteMessages'];
/** What a bot that is blocked or has no rights may still ask. */
const questions = ['getMe', 'getChat', 'getChatMember'];

const always = { times: Number.POSITIVE_INFINITY };
const refusing = (refusal: Refusal, aim: Aim): Fault => ({ kind: 'error', ...always, ...refusal, ...aim });
const refusingWith = (code: number, description: string, aim: Aim): Fault => refusing({ code, description }, aim);

/** The account is frozen: every call. `{ exceptMethod: 'getMe' }`: a server that knew the bot before answers that one from memory. */
export const frozen = (aim: Aim = {}): Fault => refusingWith(400, 'Bad Request: FROZEN_METHOD_INVALID', aim);

/** The token of a bot that no chat knows; it still knows itself. */
export const wrongBot = (aim: Aim = {}): Fault =>
  refusingWith(400, 'Bad Request: chat not found', { exceptMethod: 'getMe', ...aim });

/** Every user blocked the bot; what they are can still be asked. */
export const allUnreachable = (aim: Aim = {}): Fault =>
  refusingWith(403, 'Forbidden: bot was blocked by the user', { exceptMethod: questions, ...aim });

/** The bot has lost its rights everywhere, as on 2023-10-31, when Telegram answered so to everyone. */
export const allForbidden = (aim: Aim = {}): Fault =>
  refusingWith(400, 'Bad Request: not enough rights', { exceptMethod: questions, ...aim });

/** One chat answers in its own way. */
export const oddChat = (chatId: ChatId, refusal: Refusal, aim: Aim = {}): Fault =>
  refusing(refusal, { chatId, ...aim });

/** One message fails every call that holds its id, and nothing of such a call is done. Ids count in every chat unless `{ chatId }` names one. */
export const oddMessage = (messageId: number, refusal: Refusal, aim: Aim = {}): Fault =>
  refusing(refusal, { messageId, ...aim });

/** Words that nobody knows yet, for sends, edits and deletes; `{ method: sends }` for one kind alone. */
export const unknownWords = (aim: Aim = {}): Fault =>
  refusingWith(400, 'Bad Request: SOMETHING_NEW_INVALID', { method: [...sends, ...edits, ...deletes], ...aim });

/** Nothing is done. `{ chatId }` for one chat alone. */
export const serverErrors = (aim: Aim = {}, code = 500): Fault => ({ kind: '5xx_before', code, ...always, ...aim });

/** A server of one's own from before Bot API 7.0. */
export const noDeleteMessages = (aim: Aim = {}): Fault =>
  refusingWith(404, 'Not Found: method not found', { method: 'deleteMessages', ...aim });

/** Each call is asked to come again after `seconds`, without end; other calls are not kept from asking. */
export const endlessFlood = (seconds = 1, aim: Aim = {}): Fault => ({
  kind: 'retry_after',
  seconds,
  ...always,
  ...aim,
});
