/** Deletes the messages of one chat: 100 a call, a single one by a call whose answers tell more. */

import type { Telegram } from '../job/job.ts';
import { monotonicMs } from '../process/clock.ts';
import type { Client } from '../telegram/client.ts';
import { mostIdsACall } from '../telegram/message-id.ts';
import { type Outcome, wordsOf } from '../telegram/outcome.ts';
import type { Call } from './work.ts';

/** After so many single ids of a chat with the same refusal, one after the other, it is taken as the chat's. */
const sameRefusals = 3;

/** What became of one message. */
export type Fate =
  | { kind: 'deleted' }
  | { kind: 'gone' }
  /** To be tried again. */
  | { kind: 'later'; description: string }
  /** To be believed beside a witness alone. */
  | { kind: 'refused'; failure: 'forbidden' | 'refused'; undeletable: boolean; description: string };

/** A row with messages of the chat. */
export interface DeletionItem {
  /** Distinct. */
  readonly ids: readonly number[];
  /** When its 48 hours are over, by `monotonicMs`. */
  readonly deadline: number;
}

/** What a job does with what became of its items; each is told of once, unless the pass stops before. */
export interface DeletionEnds<T> {
  /** All its messages have a fate. */
  fated(item: T, fates: readonly Fate[]): void;
  /** Its 48 hours were over before its call. */
  tooOld(item: T): void;
  /** `proven`: the answer itself proves that the chat knew this bot. */
  unreachable(items: readonly T[], chat: { chatId: string; proven: boolean; description: string }): void;
  readonly telegram: Pick<Telegram, 'oneByOne'>;
  again(call: Call): void;
}

export class ChatDeletion<T extends DeletionItem> implements Call {
  readonly chatId: string;
  readonly #ends: DeletionEnds<T>;
  /** In the order of their deadlines. */
  readonly #items: T[];
  /** The items whose messages are at work, their ids that are in no batch yet, and the batches that are left. */
  #taken: T[] = [];
  #ids: number[] = [];
  #batches: (readonly number[])[] = [];
  readonly #fates = new Map<number, Fate>();
  #lastRefusal = noRefusal;

  constructor(chatId: string, items: readonly T[], ends: DeletionEnds<T>) {
    this.chatId = chatId;
    this.#items = [...items];
    this.#ends = ends;
  }

  get deadline(): number {
    return (this.#taken[0] ?? this.#items[0])?.deadline ?? Number.POSITIVE_INFINITY;
  }

  get witnessChat(): string {
    return this.chatId;
  }

  prepare(now: number): boolean {
    if (this.#batches.length === 0) this.#takeNext(now);
    return this.#batches.length > 0;
  }

  make(client: Client, signal: AbortSignal): Promise<Outcome<unknown>> {
    const [batch = []] = this.#batches;
    const [only] = batch;
    return only !== undefined && batch.length === 1
      ? client.deleteMessage(this.chatId, only, signal)
      : client.deleteMessages(this.chatId, batch, signal);
  }

  answered(outcome: Outcome<unknown>): void {
    const batch = this.#batches.shift() ?? [];
    switch (outcome.kind) {
      case 'ok':
        this.#settle(batch, { kind: 'deleted' });
        break;
      case 'chat_unreachable':
        return this.#unreachable(outcome.proven, outcome.description);
      case 'chat_moved':
        // Old message ids mean nothing in the new chat.
        return this.#unreachable(true, `the group became ${outcome.chatId}`);
      case 'forbidden':
        this.#ofTheChat(batch, refused('forbidden', outcome.description));
        break;
      case 'unanswered':
      case 'not_sent':
      case 'later':
        this.#settle(batch, { kind: 'later', description: outcome.description });
        break;
      case 'method_unknown':
        this.#ends.telegram.oneByOne = true;
        this.#batches.unshift(...batch.map((id) => [id]));
        break;
      default:
        this.#refused(batch, outcome);
    }
    if (this.#batches.length === 0) this.#finish();
    if (this.#batches.length + this.#ids.length + this.#items.length > 0) this.#ends.again(this);
  }

  /** One id can fail its whole call, and nothing is deleted: halves, until the ids at fault are alone. */
  #refused(batch: readonly number[], outcome: Outcome<unknown>): void {
    const description = wordsOf(outcome);
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      this.#batches.unshift(batch.slice(0, half), batch.slice(half));
      return;
    }
    const fate: Fate =
      outcome.kind === 'gone'
        ? { kind: 'gone' }
        : outcome.kind === 'undeletable'
          ? { ...refused('forbidden', description), undeletable: true }
          : refused('refused', description);
    const { description: last, times } = this.#lastRefusal;
    this.#lastRefusal = { description, times: last === description ? times + 1 : 1 };
    this.#settle(batch, fate);
    if (this.#lastRefusal.times >= sameRefusals) this.#ofTheChat([], fate);
  }

  #settle(ids: readonly number[], fate: Fate): void {
    if (fate.kind === 'deleted') this.#lastRefusal = noRefusal;
    for (const id of ids) this.#fates.set(id, fate);
  }

  /** What every message of the chat would be told as well. */
  #ofTheChat(batch: readonly number[], fate: Fate): void {
    this.#settle([...batch, ...this.#batches.splice(0).flat(), ...this.#ids.splice(0)], fate);
    this.#finish();
    for (const item of this.#items.splice(0)) {
      this.#ends.fated(
        item,
        item.ids.map(() => fate),
      );
    }
  }

  #unreachable(proven: boolean, description: string): void {
    const items = [...this.#taken.splice(0), ...this.#items.splice(0)];
    this.#batches = [];
    this.#ids = [];
    this.#ends.unreachable(items, { chatId: this.chatId, proven, description });
  }

  /** The next call: as many items as their messages fill it, the last of them perhaps in part. */
  #takeNext(now: number): void {
    while (this.#ids.length < mostIdsACall) {
      const item = this.#items.shift();
      if (item === undefined) break;
      if (item.deadline <= now) {
        this.#ends.tooOld(item);
        continue;
      }
      this.#taken.push(item);
      for (const id of item.ids) {
        if (this.#fates.has(id)) continue;
        this.#fates.set(id, untried);
        this.#ids.push(id);
      }
    }
    const batch = this.#ids.splice(0, mostIdsACall);
    if (this.#ends.telegram.oneByOne) this.#batches = batch.map((id) => [id]);
    else if (batch.length > 0) this.#batches = [batch];
  }

  /** Ends the items whose messages all have a fate. */
  #finish(): void {
    const now = monotonicMs();
    const isOver = (item: T): boolean => item.ids.every((id) => this.#fates.get(id) !== untried);
    const over = this.#taken.filter(isOver);
    this.#taken = over.length === this.#taken.length ? [] : this.#taken.filter((item) => !isOver(item));
    for (const item of over) {
      const fates = item.ids.map((id) => this.#fates.get(id) ?? untried);
      // What is refused once its 48 hours are over is too old.
      if (item.deadline <= now && fates.some(({ kind }) => kind === 'refused')) this.#ends.tooOld(item);
      else this.#ends.fated(item, fates);
    }
    if (this.#taken.length === 0 && this.#items.length > 0) this.#fates.clear();
  }
}

const noRefusal = { description: '', times: 0 };

const untried: Fate = { kind: 'later', description: 'not tried' };

function refused(failure: 'forbidden' | 'refused', description: string): Fate & { kind: 'refused' } {
  return { kind: 'refused', failure, undeletable: false, description };
}
