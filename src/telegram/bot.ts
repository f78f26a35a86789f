import { monotonicMs } from '../clock.ts';
import { TokenRefusedError, UnavailableError } from '../errors.ts';
import type { Stop } from '../job.ts';
import type { Log } from '../report/log.ts';
import type { Budget } from './budget.ts';
import { ChatPace } from './chat-pace.ts';
import type { Client } from './client.ts';
import type { Outcome } from './outcome.ts';
import type { Chat } from './result.ts';

/** So many calls in a row without an answer mean that Telegram is out of reach, and the pass ends. */
const mostUnanswered = 8;

/** A send that provably never left is repeated so often. */
const mostTriesOfUnsent = 3;

/** An intent is committed so long before its call's slot: as the last one took, and a bit. */
const leastLeadMs = 25;
const mostLeadMs = 200;

/** An open intent waits no longer for another slot, because a kill would leave it in doubt. */
const longestOpenWaitMs = 200;

/** The pass stops before the call was made: nothing was sent. */
export interface Stopped {
  kind: 'stopped';
}

/** The intent could not be committed: somebody else made the call, or the row is gone. */
export interface NotClaimed {
  kind: 'not_claimed';
}

/** Committed before a send, taken back when it is proven that nothing was sent. */
export interface Claim {
  commit(): Promise<boolean>;
  takeBack(): Promise<void>;
}

export interface CallCounts {
  calls: number;
  rate_limited: number;
}

export interface Message {
  chatId: string;
  text: string;
  parseMode?: 'MarkdownV2';
  button?: { text: string; url: string };
}

/** The Bot API as jobs see it: paced by the budget, patient with 429, every answer a value. */
export interface Bot {
  readonly botId: string;
  deleteMessage(chatId: string, messageId: number): Promise<Outcome | Stopped>;
  deleteMessages(chatId: string, messageIds: readonly number[]): Promise<Outcome | Stopped>;
  /** Sends once: an answer that was lost is `unanswered`, and the claim stays. */
  sendMessage(
    message: Message,
    claim: Claim,
  ): Promise<Outcome<{ messageId: number; chatId: string | null }> | Stopped | NotClaimed>;
  editMessageText(message: Message & { messageId: number }): Promise<Outcome | Stopped>;
  getMe(): Promise<Outcome<{ id: string; username: string }> | Stopped>;
  getChat(chatId: string): Promise<Outcome<Chat> | Stopped>;
  /** Throws UnavailableError when calls were made and not one of them was answered. */
  checkAnswered(): void;
  close(): void;
}

interface BotOptions {
  client: Client;
  budget: Budget;
  stop: Stop;
  log: Log;
  counts: CallCounts;
}

export function createBot({ client, budget, stop, log, counts }: BotOptions): Bot {
  const pace = new ChatPace();
  let unansweredInARow = 0;
  let anyAnswer = false;
  let lastProblem = '';

  const read = <T>(outcome: Outcome<T>): Outcome<T> => {
    if (outcome.kind === 'unanswered' || outcome.kind === 'not_sent') {
      lastProblem = outcome.description;
      // What the pass itself cut off says nothing about Telegram.
      if (!stop.hardSignal.aborted) unansweredInARow++;
      if (unansweredInARow >= mostUnanswered) {
        throw new UnavailableError(`Telegram does not answer, ${unansweredInARow} calls in a row: ${lastProblem}`);
      }
      return outcome;
    }
    unansweredInARow = 0;
    anyAnswer = true;
    if (outcome.kind === 'token_refused') {
      throw new TokenRefusedError(
        `Telegram refuses the token of bot ${client.botId} (${outcome.description}); check TELEGRAM_BOT_TOKEN, GUIDE_BOT_TOKEN and TELEGRAM_API_ROOT`,
      );
    }
    return outcome;
  };

  /** One call, as often as 429 asks; anything else is the caller's to judge. */
  const paced = async <T>(call: (signal: AbortSignal) => Promise<Outcome<T>>): Promise<Outcome<T> | Stopped> => {
    for (;;) {
      if ((await budget.take()) === null) return { kind: 'stopped' };
      counts.calls++;
      const outcome = read(await call(stop.hardSignal));
      if (outcome.kind !== 'rate_limited') return outcome;
      await rateLimited(outcome.retryAfterSeconds);
    }
  };

  const rateLimited = async (seconds: number): Promise<void> => {
    counts.rate_limited++;
    log.warn({ retry_after: seconds }, `Telegram asks to wait ${seconds} s`);
    await budget.pause(seconds);
  };

  const waitForChat = async (chatId: string): Promise<void> => {
    const ms = pace.msUntilReady(chatId);
    if (ms > 0 && !stop.signal.aborted) await sleep(ms, stop.signal);
  };

  let leadMs = leastLeadMs;
  const commitInTime = async (claim: Claim): Promise<boolean> => {
    const startedAt = monotonicMs();
    const committed = await claim.commit();
    leadMs = Math.min(mostLeadMs, Math.max(leastLeadMs, 1.2 * (monotonicMs() - startedAt)));
    return committed;
  };

  /**
   * Commits the intent shortly before the call's slot: so the slot is met, and a kill finds as few open intents as there
   * are calls under way. @returns null when the call is to be made now
   */
  const commitIntent = async (claim: Claim): Promise<Stopped | NotClaimed | null> => {
    for (;;) {
      const slot = await budget.take(leadMs);
      if (slot === null) return { kind: 'stopped' };
      if (!(await commitInTime(claim))) return { kind: 'not_claimed' };
      if ((await budget.reach(slot)) || (await budget.soon(longestOpenWaitMs))) return null;
      await claim.takeBack();
    }
  };

  return {
    botId: client.botId,
    deleteMessage: (chatId, messageId) => paced((signal) => client.deleteMessage(chatId, messageId, signal)),
    deleteMessages: (chatId, messageIds) => paced((signal) => client.deleteMessages(chatId, messageIds, signal)),
    editMessageText: (message) => paced((signal) => client.editMessageText(message, signal)),
    getMe: () => paced((signal) => client.getMe(signal)),
    getChat: (chatId) => paced((signal) => client.getChat(chatId, signal)),

    async sendMessage(message, claim) {
      for (let tries = 1; ; ) {
        await waitForChat(message.chatId);
        const claimed = await commitIntent(claim);
        if (claimed !== null) return claimed;
        counts.calls++;
        const outcome = await client.sendMessage(message, stop.hardSignal);
        if (outcome.kind === 'rate_limited') {
          await claim.takeBack();
          read(outcome);
          await rateLimited(outcome.retryAfterSeconds);
          continue;
        }
        pace.sent(message.chatId);
        // Taken back before anything can throw: these prove that nothing was sent.
        if (outcome.kind === 'not_sent' || outcome.kind === 'token_refused') await claim.takeBack();
        read(outcome);
        if (outcome.kind === 'not_sent' && tries < mostTriesOfUnsent && stop.reason === null) {
          tries++;
          continue;
        }
        return outcome;
      }
    },

    checkAnswered() {
      if (counts.calls > 0 && !anyAnswer && lastProblem !== '' && !stop.hardSignal.aborted) {
        throw new UnavailableError(`Telegram cannot be reached: ${lastProblem}`);
      }
    },
    close: () => client.close(),
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
