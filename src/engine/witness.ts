/**
 * Whether the bot is known to work. What a wrong or frozen bot would hear as well is believed of a chat only beside a
 * witness: another chat that answered with success lately.
 */

/** So many chats in a row with such answers, and not one success between, and the bot itself is at fault. */
const mostInARow = 20;

/** Where a row began in an earlier pass, so many chats of this one go on with it. */
const leastInPass = 3;

/** More than this is not held: the oldest wait for a later pass. */
const mostHeld = 5_000;

/** A refusal that is not believed yet. */
export interface Doubted {
  chatId: string;
  /** Telegram's words. */
  description: string;
  believe(): void;
  /** Leaves the item for a later pass. */
  doubt(): void;
}

export class Witness {
  /** A success of an earlier pass within the last hour. */
  readonly #remembered: boolean;
  #inARow: number;
  /** Chats that had success in this pass: two are told apart. */
  #first: string | null = null;
  #second = false;
  readonly #chats = new Set<string>();
  readonly #words = new Map<string, number>();
  #held: Doubted[] = [];

  /** @param inARow chats in a row so far, without those of this pass */
  constructor({ worked, inARow }: { worked: boolean; inARow: number }) {
    this.#remembered = worked;
    this.#inARow = inARow;
  }

  /** Whether any call of this pass had success. */
  get worked(): boolean {
    return this.#first !== null;
  }

  /** Chats in a row until now, for the next pass. */
  get inARow(): number {
    return this.#inARow + this.#chats.size;
  }

  /** A message of the chat was deleted or sent. */
  succeeded(chatId: string): void {
    this.#inARow = 0;
    // To clear what is empty makes it anew.
    if (this.#chats.size > 0) {
      this.#chats.clear();
      this.#words.clear();
    }
    this.#first ??= chatId;
    this.#second ||= this.#first !== chatId;
    if (this.#held.length === 0) return;
    const [own, others] = [this.#held.filter(isOf(chatId)), this.#held.filter((held) => held.chatId !== chatId)];
    this.#held = own;
    for (const held of others) held.believe();
  }

  /** @returns true where the row is too long: the bot is at fault, and nothing of the row is believed */
  refused(doubted: Doubted): boolean {
    this.#chats.add(doubted.chatId);
    this.#words.set(doubted.description, (this.#words.get(doubted.description) ?? 0) + 1);
    this.#held.push(doubted);
    if (this.#held.length > mostHeld) this.#held.shift()?.doubt();
    return this.#isTooLong(leastInPass);
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** Decides on what is held when the pass ends. @returns true where the row is too long */
  decide(): boolean {
    const tooLong = this.#isTooLong(1);
    for (const held of this.#held.splice(0)) {
      if (!tooLong && this.#knows(held.chatId)) held.believe();
      else held.doubt();
    }
    return tooLong;
  }

  /** The words that came most often in the row. */
  get commonestWords(): string {
    const [commonest] = [...this.#words].sort(([, a], [, b]) => b - a);
    return commonest?.[0] ?? '';
  }

  #isTooLong(least: number): boolean {
    return this.#chats.size >= least && this.inARow >= mostInARow;
  }

  #knows(chatId: string): boolean {
    return this.#remembered || this.#second || (this.#first !== null && this.#first !== chatId);
  }
}

const isOf =
  (chatId: string) =>
  (held: Doubted): boolean =>
    held.chatId === chatId;
