import { UnavailableError } from '../../errors.ts';
import type { JobContext } from '../../job.ts';
import { readBotUsername, rememberBotUsername } from '../../store/bots.ts';
import type { DueRecord } from '../../store/pending-deletions.ts';
import type { Bot, Message } from '../../telegram/bot.ts';
import { noticeButton } from '../../telegram/notice.ts';
import type { Work } from './record.ts';
import type { Settle } from './settle.ts';

/** After so many refusals for want of rights, an operator has to look. */
const mostForbidden = 5;
const getMeTries = 3;

export interface Notices {
  /** What Telegram says against the notice's text, which is at fault in every chat alike; null while it says nothing. */
  readonly textProblem: string | null;
  /** Tells the reader of a record whose messages are deleted, and settles the record. */
  give(work: Work): Promise<'settled' | 'chat_unreachable'>;
  /** Reports a notice of which nobody knows whether it arrived; it is not repeated. */
  uncertain(record: DueRecord, why: string): void;
}

export function createNotices(context: JobContext, bot: Bot, settle: Settle): Notices {
  const { db, settings, counts, log, stop } = context;
  let textProblem: string | null = null;

  let username: Promise<string | null> | null = null;
  /** The bot's user name: remembered in the database, else asked for. Null when the pass is to stop. */
  const askUsername = async (): Promise<string | null> => {
    const known = await readBotUsername(db, bot.botId);
    if (known !== null) return known;
    for (let tries = 1; ; tries++) {
      const answer = await bot.getMe();
      if (answer.kind === 'stopped') return null;
      if (answer.kind === 'ok') {
        await rememberBotUsername(db, bot.botId, answer.result.username);
        return answer.result.username;
      }
      const problem = 'description' in answer ? answer.description : answer.kind;
      if (tries >= getMeTries) throw new UnavailableError(`Telegram does not tell the bot's user name: ${problem}`);
    }
  };

  /** The notice of a record, or null when the pass is to stop. */
  const compose = async ({ record, chatId }: Work): Promise<Message | null> => {
    const text = settings.noticeText;
    if (record.unique_id === null || record.unique_id === '') return { chatId, text };
    username ??= askUsername();
    const name = await username;
    if (name === null) return null;
    const { button, warning } = noticeButton({
      username: name,
      uniqueId: record.unique_id,
      label: settings.noticeButton,
    });
    if (warning !== null) log.warn({ record: record.id, chat_id: chatId }, `record ${record.id}: ${warning}`);
    return button === null ? { chatId, text } : { chatId, text, button };
  };

  const uncertain: Notices['uncertain'] = (record, why) => {
    counts.notices_uncertain = (counts.notices_uncertain ?? 0) + 1;
    log.warn(
      { record: record.id, chat_id: record.chat_id, user_id: record.user_id, unique_id: record.unique_id },
      `the notice of record ${record.id} may or may not have arrived and is not repeated: ${why}`,
    );
    settle.done(record.id);
  };

  const sent = (work: Work): 'settled' => {
    counts.notices_sent = (counts.notices_sent ?? 0) + 1;
    settle.done(work.record.id);
    return 'settled';
  };

  const forbidden = (work: Work): 'settled' => {
    if (work.record.attempts + 1 >= mostForbidden) settle.fail(work.record, 'forbidden');
    else settle.defer(work);
    return 'settled';
  };

  const badText = (work: Work, description: string): 'settled' => {
    textProblem ??= description;
    settle.defer(work);
    return 'settled';
  };

  const send = async (work: Work, message: Message): Promise<'settled' | 'chat_unreachable'> => {
    const outcome = await bot.sendMessage(message, settle.claim(work.record.id));
    switch (outcome.kind) {
      case 'ok':
      case 'already_sent':
        return sent(work);
      case 'stopped':
      case 'not_claimed':
        return 'settled';
      case 'unanswered':
        uncertain(work.record, outcome.description);
        return 'settled';
      case 'not_sent':
        settle.defer(work);
        return 'settled';
      case 'chat_unreachable':
        settle.done(work.record.id);
        return 'chat_unreachable';
      case 'chat_moved':
        return sendToNewChat(work, message, outcome.chatId);
      case 'forbidden':
        return forbidden(work);
      case 'bad_text':
        return badText(work, outcome.description);
      default:
        settle.fail(work.record, 'refused');
        return 'settled';
    }
  };

  /** The chat has a new id; the answer that says so proves that nothing was sent. */
  const sendToNewChat = async (
    work: Work,
    message: Message,
    chatId: string,
  ): Promise<'settled' | 'chat_unreachable'> => {
    log.warn({ chat_id: work.chatId, new_chat_id: chatId }, `chat ${work.chatId} became ${chatId}`);
    await settle.claim(work.record.id).takeBack();
    if (message.chatId === chatId) {
      settle.fail(work.record, 'refused');
      return 'settled';
    }
    return send(work, { ...message, chatId });
  };

  /** Repeating an edit does no harm, so it needs no intent. */
  const edit = async (work: Work, message: Message, keptId: number): Promise<'settled' | 'chat_unreachable'> => {
    const outcome = await bot.editMessageText({ ...message, messageId: keptId });
    switch (outcome.kind) {
      case 'ok':
      case 'unmodified':
        return sent(work);
      case 'stopped':
        return 'settled';
      case 'chat_unreachable':
      case 'chat_moved':
        settle.done(work.record.id);
        return 'chat_unreachable';
      case 'unanswered':
      case 'not_sent':
        settle.defer(work);
        return 'settled';
      case 'forbidden':
        return forbidden(work);
      case 'bad_text':
        return badText(work, outcome.description);
      case 'gone':
        return send(work, message);
      case 'uneditable':
        return sendInsteadOf(work, message, keptId);
      default:
        settle.fail(work.record, 'refused');
        return 'settled';
    }
  };

  /** A file has no text to edit: it is deleted like the others, and the notice is sent. */
  const sendInsteadOf = async (
    work: Work,
    message: Message,
    keptId: number,
  ): Promise<'settled' | 'chat_unreachable'> => {
    const outcome = await bot.deleteMessage(work.chatId, keptId);
    if (outcome.kind === 'ok') counts.messages_deleted = (counts.messages_deleted ?? 0) + 1;
    else if (outcome.kind === 'gone') counts.messages_gone = (counts.messages_gone ?? 0) + 1;
    else if (outcome.kind === 'stopped') return 'settled';
    else if (outcome.kind === 'unanswered' || outcome.kind === 'not_sent') {
      settle.defer(work);
      return 'settled';
    } else {
      counts.messages_failed = (counts.messages_failed ?? 0) + 1;
      settle.fail(
        work.record,
        outcome.kind === 'undeletable' || outcome.kind === 'forbidden' ? 'forbidden' : 'refused',
      );
      return 'settled';
    }
    return send(work, message);
  };

  return {
    get textProblem() {
      return textProblem;
    },
    async give(work) {
      if (textProblem !== null) return badText(work, textProblem);
      const message = await compose(work);
      if (message === null || stop.reason !== null) return 'settled';
      return work.keptId === null ? send(work, message) : edit(work, message, work.keptId);
    },
    uncertain,
  };
}
