/** Sends that are owed, by chat. Pure: time is a value that goes in. */
import TinyQueue from 'tinyqueue';

/** Telegram takes about one message a second in a chat, and 20 a minute in a group or channel (core.telegram.org/bots/faq). */
const privateGapMs = 1_000;
const groupGapMs = 3_000;

/** So many are held; more stay in the table. A chat that is owed many gets one a second and needs few at hand. */
const mostOfChat = 4;
const mostInAll = 2_000;

/** Past this many chats the ones that rest no more are forgotten. */
const mostRemembered = 4_096;

interface Chat<T> {
  id: string;
  waiting: T[];
  /** One of its sends is claimed or under way: the next has to wait for its answer. */
  busy: boolean;
}

interface Turn<T> {
  readyAt: number;
  chat: Chat<T>;
}

/**
 * The way of a send: `add`ed, given out by `claim`, `claimed` when its claim is committed, given out by `send` once a slot
 * has come and its chat is ready, and at last `sent`; or `putBack` from anywhere.
 */
export class Owed<T extends { readonly chatId: string }> {
  readonly #chats = new Map<string, Chat<T>>();
  /** Chats with something to claim, by when they may be sent to. */
  readonly #turns = new TinyQueue<Turn<T>>([], (a, b) => a.readyAt - b.readyAt);
  /** When each chat that was sent to may be sent to again. */
  readonly #readyAt = new Map<string, number>();
  #claimed: T[] = [];
  /** Waiting and not given out to be claimed. */
  size = 0;

  /** @returns false where there is no room: it stays in the table */
  add(send: T, now: number): boolean {
    const waiting = this.#chats.get(send.chatId)?.waiting.length ?? 0;
    if (this.size >= mostInAll || waiting >= mostOfChat) return false;
    const chat = this.#chatOf(send.chatId);
    chat.waiting.push(send);
    this.size++;
    if (waiting === 0) this.#line(chat, now);
    return true;
  }

  /** The earliest time at which a chat that waits for a claim may be sent to; Infinity where none waits. */
  get nextReadyAt(): number {
    return this.#firstTurn()?.readyAt ?? Number.POSITIVE_INFINITY;
  }

  /** How many could be claimed for a time, counted up to `most`: one of each chat. */
  readyBy(time: number, most: number): number {
    const turns = this.#turns.data;
    let ready = 0;
    // Below a turn in the heap are later ones alone.
    const places = [0];
    for (let place = places.pop(); place !== undefined && ready < most; place = places.pop()) {
      const turn = turns[place];
      if (turn === undefined || turn.readyAt > time) continue;
      if (this.#holds(turn)) ready++;
      places.push(2 * place + 1, 2 * place + 2);
    }
    return ready;
  }

  /** Gives out what may be sent by a time, one of each chat, the longest ready first. */
  claim(until: number, most: number): T[] {
    const chosen: T[] = [];
    while (chosen.length < most) {
      const turn = this.#firstTurn();
      if (turn === undefined || turn.readyAt > until) break;
      this.#turns.pop();
      const send = turn.chat.waiting.shift();
      if (send === undefined) continue;
      turn.chat.busy = true;
      this.size--;
      chosen.push(send);
    }
    return chosen;
  }

  claimed(send: T): void {
    this.#claimed.push(send);
  }

  get claimedCount(): number {
    return this.#claimed.length;
  }

  /** When the first of the claimed ones may be sent; Infinity where there is none. */
  get claimedReadyAt(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { chatId } of this.#claimed) least = Math.min(least, this.#readyAt.get(chatId) ?? 0);
    return least;
  }

  /** Gives out a claimed send whose chat is ready: a claim is made ahead of it. */
  send(now: number): T | undefined {
    const at = this.#claimed.findIndex(({ chatId }) => (this.#readyAt.get(chatId) ?? 0) <= now);
    return at === -1 ? undefined : this.#claimed.splice(at, 1)[0];
  }

  /** Takes back all that is claimed and not given out. */
  unclaim(): T[] {
    return this.#claimed.splice(0);
  }

  /** Gives it back, before what else waits for its chat. It must precede `sent` and `over`. */
  putBack(send: T, now: number): void {
    const chat = this.#chatOf(send.chatId);
    chat.waiting.unshift(send);
    this.size++;
    this.#free(chat, now);
  }

  /** It was answered, or nobody knows whether: the chat rests from here, since nobody knows when it arrived. */
  sent(chatId: string, now: number): void {
    if (this.#readyAt.size >= mostRemembered) {
      for (const [chat, readyAt] of this.#readyAt) if (readyAt <= now) this.#readyAt.delete(chat);
    }
    this.#readyAt.set(chatId, now + (/^\d/.test(chatId) ? privateGapMs : groupGapMs));
    this.over(chatId, now);
  }

  /** It is done with, without a send: its chat may get the next. */
  over(chatId: string, now: number): void {
    const chat = this.#chats.get(chatId);
    if (chat !== undefined) this.#free(chat, now);
  }

  /** Takes out what waits for a chat, or for all chats. */
  take(chatId?: string): T[] {
    const chats = chatId === undefined ? [...this.#chats.values()] : [this.#chats.get(chatId)];
    return chats.flatMap((chat) => {
      const sends = chat?.waiting.splice(0) ?? [];
      this.size -= sends.length;
      if (chat !== undefined && !chat.busy) this.#chats.delete(chat.id);
      return sends;
    });
  }

  #chatOf(id: string): Chat<T> {
    const known = this.#chats.get(id);
    if (known !== undefined) return known;
    const chat: Chat<T> = { id, waiting: [], busy: false };
    this.#chats.set(id, chat);
    return chat;
  }

  #free(chat: Chat<T>, now: number): void {
    chat.busy = false;
    if (chat.waiting.length === 0) this.#chats.delete(chat.id);
    else this.#line(chat, now);
  }

  /** Behind those that are ready already, so that no chat is passed over for ever. */
  #line(chat: Chat<T>, now: number): void {
    if (!chat.busy) this.#turns.push({ readyAt: Math.max(now, this.#readyAt.get(chat.id) ?? 0), chat });
  }

  /** The first turn that still holds: its chat waits and is not busy. */
  #firstTurn(): Turn<T> | undefined {
    for (;;) {
      const turn = this.#turns.peek();
      if (turn === undefined) return undefined;
      if (this.#holds(turn)) return turn;
      this.#turns.pop();
    }
  }

  #holds({ chat }: Turn<T>): boolean {
    return !chat.busy && chat.waiting.length > 0 && this.#chats.get(chat.id) === chat;
  }
}
