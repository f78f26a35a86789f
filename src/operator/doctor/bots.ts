import type { Job } from '../../job/job.ts';
import { formatDuration } from '../../output/format.ts';
import { botIdOf } from '../../settings/formats.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Client } from '../../telegram/client.ts';
import type { Outcome } from '../../telegram/outcome.ts';
import type { Chat, ChatMember } from '../../telegram/result.ts';
import { wayOut } from '../../telegram/way-out.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

export interface BotRequest {
  settings: Settings;
  jobs: readonly Job[];
  /** When the pauses end that Telegram asked bots for, by the bot's id. */
  pauses: ReadonlyMap<string, Date>;
  signal: AbortSignal;
}

/** Asks for each token who it is, and for each channel whether its bot may post there. Nothing is sent. */
export async function checkBots(request: BotRequest): Promise<Finding[]> {
  const { settings, jobs } = request;
  const findings: Finding[] = [];
  const deletes = jobs.some(({ token }) => token === 'TELEGRAM_BOT_TOKEN');
  const posts = jobs.some(({ token }) => token === 'GUIDE_BOT_TOKEN') && settings.guideChatIds.length > 0;
  const { telegramBotToken: own, guideBotToken: guides } = settings;
  const same = own === guides;
  if (deletes && own !== null) findings.push(...(await withBot(own, 'bot', request, same && posts)));
  if (posts && guides !== null && !(deletes && same))
    findings.push(...(await withBot(guides, 'guide bot', request, true)));
  return findings;
}

async function withBot(token: string, check: string, request: BotRequest, posts: boolean): Promise<Finding[]> {
  const { settings, pauses, signal } = request;
  const { apiRoot, timeoutMs, proxy, guideChatIds } = settings;
  const pausedUntil = pauses.get(botIdOf(token));
  if (pausedUntil !== undefined) {
    const text = `Telegram asked it to pause for ${formatDuration(pausedUntil.getTime() - Date.now())} more, so it was not called`;
    return [warning(check, text, 'wait; see telesweep status')];
  }
  const { createClient } = await import('../../telegram/client.ts');
  const client = await createClient(token, { apiRoot, timeoutMs, proxy });
  try {
    const me = await client.getMe(signal);
    if (me.kind !== 'ok') return [refusal(check, 'getMe', me)];
    const findings = [fine(check, `@${me.result.username} answers`)];
    if (posts)
      for (const chatId of guideChatIds) findings.push(await checkChannel(client, chatId, me.result.id, signal));
    return findings;
  } finally {
    client.close();
  }
}

async function checkChannel(client: Client, chatId: string, botId: string, signal: AbortSignal): Promise<Finding> {
  const check = `channel ${chatId}`;
  const chat = await client.getChat(chatId, signal);
  if (chat.kind !== 'ok') return refusal(check, 'getChat', chat);
  const member = await client.getChatMember(chat.result.id, botId, signal);
  if (member.kind !== 'ok') return refusal(check, 'getChatMember', member);
  return mayPost(check, chat.result, member.result);
}

function mayPost(check: string, { id, type, title }: Chat, { status, canPostMessages }: ChatMember): Finding {
  const name = `${type} "${title ?? id}"`;
  if (status === 'left' || status === 'kicked') {
    return fault(check, `the bot is not in ${name} (${status})`, 'add the bot to it');
  }
  if (type === 'channel' && (status === 'member' || canPostMessages === false)) {
    return fault(check, `the bot may not post in ${name}`, 'make it an administrator who may post messages');
  }
  if (status === 'restricted') {
    return warning(check, `the bot is restricted in ${name}`, 'see that it may send messages there');
  }
  return fine(check, `the bot may post in ${name}`);
}

function refusal(check: string, method: string, outcome: Exclude<Outcome<unknown>, { kind: 'ok' }>): Finding {
  switch (outcome.kind) {
    case 'token_refused':
      return fault(check, `Telegram refuses the token (${outcome.description})`, 'take the token from @BotFather anew');
    case 'rate_limited':
      return warning(check, `Telegram asks for a pause of ${outcome.retryAfterSeconds} s`, 'try again later');
    case 'chat_unreachable':
      return fault(check, `Telegram says: ${outcome.description}`, 'mend GUIDE_CHAT_IDS, or add the bot to the chat');
    case 'chat_moved':
      return fault(check, `the group became ${outcome.chatId}`, `put ${outcome.chatId} in its place in GUIDE_CHAT_IDS`);
    case 'forbidden':
      return fault(check, `Telegram says: ${outcome.description}`, 'add the bot to the chat, as an administrator');
    case 'not_sent':
    case 'unanswered':
      return fault(check, `Telegram cannot be reached: ${outcome.description}`, wayOut(outcome.description));
    default: {
      const said = 'description' in outcome ? outcome.description : outcome.kind;
      return fault(check, `${method} is refused: ${said}`, null);
    }
  }
}
