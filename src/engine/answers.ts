/** What answers say of Telegram or the bot as a whole. */

import type { Telegram } from '../job/job.ts';
import type { Stop } from '../job/stop.ts';
import { BotRefusedError, TokenRefusedError, UnavailableError } from '../process/errors.ts';
import type { Outcome } from '../telegram/outcome.ts';
import { wayOut } from '../telegram/way-out.ts';

/** So many calls in a row without an answer mean that Telegram is out of reach, and the pass ends. */
const mostUnanswered = 8;

export class Answers {
  readonly #telegram: Telegram;
  readonly #stop: Stop;
  #unansweredInARow = 0;
  #unanswered = 0;
  #troubled = 0;
  #answered = false;
  #lastProblem = '';

  constructor(telegram: Telegram, stop: Stop) {
    this.#telegram = telegram;
    this.#stop = stop;
  }

  /** Counts an answer. @returns what is to end the pass before anybody acts on the answer; null for nothing */
  refusal(outcome: Outcome<unknown>): Error | null {
    if (outcome.kind === 'token_refused') {
      return new TokenRefusedError(
        `Telegram refuses the token of bot ${this.#telegram.botId} (${outcome.description}); check TELEGRAM_BOT_TOKEN, GUIDE_BOT_TOKEN and TELEGRAM_API_ROOT`,
      );
    }
    return outcome.kind === 'bot_refused' ? this.botAtFault(outcome.description) : null;
  }

  /** @throws UnavailableError after many calls in a row that nobody answered */
  count(outcome: Outcome<unknown>): void {
    // What the pass itself cut off says nothing about Telegram.
    if (this.#stop.hardSignal.aborted) return;
    if (outcome.kind !== 'unanswered' && outcome.kind !== 'not_sent') {
      this.#unansweredInARow = 0;
      this.#answered = true;
      return;
    }
    this.#lastProblem = outcome.description;
    if (outcome.kind === 'unanswered' && outcome.status !== null) {
      this.#unansweredInARow = 0;
      this.#troubled++;
      return;
    }
    this.#unanswered++;
    this.#unansweredInARow++;
    if (this.#unansweredInARow < mostUnanswered) return;
    throw new UnavailableError(
      `Telegram does not answer, ${this.#unansweredInARow} calls in a row: ${this.#lastProblem}; ${wayOut(this.#lastProblem)}`,
    );
  }

  /** At the end of a pass. @throws UnavailableError where calls were made and not one had a proper answer */
  check(): void {
    if (this.#answered || this.#stop.hardSignal.aborted) return;
    if (this.#unanswered > 0) {
      throw new UnavailableError(`Telegram cannot be reached: ${this.#lastProblem}; ${wayOut(this.#lastProblem)}`);
    }
    if (this.#troubled >= mostUnanswered) throw new UnavailableError(`Telegram is in trouble: ${this.#lastProblem}`);
  }

  /** Every call of the bot is refused, or so many that its chats cannot be at fault. */
  botAtFault(words: string): BotRefusedError {
    const { botId, username } = this.#telegram;
    const name = username === null ? `bot ${botId}` : `bot @${username} (${botId})`;
    return new BotRefusedError(
      `Telegram refuses what ${name} asks for: ${words}; nothing was given up. Look whether it is the bot that sent the messages, ` +
        `whether its account is frozen or restricted, and whether it still is in its chats`,
    );
  }
}
