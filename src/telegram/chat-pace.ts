import { monotonicMs } from '../clock.ts';

/** Telegram takes about one message a second in a chat, and 20 a minute in a group or channel (core.telegram.org/bots/faq). */
const privateGapMs = 1_000;
const groupGapMs = 3_000;

/** Past this many chats the ones that rest again are forgotten. */
const mostRemembered = 4_096;

/** Keeps the sends to one chat apart. */
export class ChatPace {
  readonly #readyAt = new Map<string, number>();

  /** Milliseconds until a send to the chat may start. */
  msUntilReady(chatId: string): number {
    return Math.max(0, (this.#readyAt.get(chatId) ?? 0) - monotonicMs());
  }

  /** Call it when a send was answered: the gap counts from there, since nobody knows when it arrived. */
  sent(chatId: string): void {
    const now = monotonicMs();
    if (this.#readyAt.size >= mostRemembered) {
      for (const [chat, readyAt] of this.#readyAt) if (readyAt <= now) this.#readyAt.delete(chat);
    }
    const isPrivate = /^\d/.test(chatId);
    this.#readyAt.set(chatId, now + (isPrivate ? privateGapMs : groupGapMs));
  }
}
