/** What the engine works on. Types alone. */
import type { Client } from '../telegram/client.ts';
import type { Outcome } from '../telegram/outcome.ts';
import type { Write } from './writer.ts';

/** A call that may be repeated freely. */
export interface Call {
  /** When it becomes impossible, by `monotonicMs`; the nearest is made first. Infinity for never. */
  readonly deadline: number;
  /** The chat for which a success makes the bot's witness; null where it deletes and sends nothing. */
  readonly witnessChat: string | null;
  /** Looks again before a slot is spent. @returns false where there is nothing to call for any more */
  prepare(now: number): boolean;
  make(client: Client, signal: AbortSignal): Promise<Outcome<unknown>>;
  /** Any outcome but a pause and a refusal of the whole bot. May ask for the next call. */
  answered(outcome: Outcome<unknown>): void;
}

/** A message that is sent once: its claim is committed before. */
export interface Send<W extends Write> {
  /** Where it goes. */
  readonly chatId: string;
  readonly witnessChat: string | null;
  claim(): W;
  /** Takes the claim back: it is proven that nothing was sent. */
  release(): W;
  make(client: Client, signal: AbortSignal): Promise<Outcome<unknown>>;
  /** As a call's. The claim stands until what is written now settles it. */
  answered(outcome: Outcome<unknown>): void;
  /** Another pass has it, or its row is gone or locked: it is not sent. */
  notClaimed(): void;
}

/** Where work comes from: a statement a step, so that ticks go between. */
export interface Source {
  /** No more is to come. */
  readonly ended: boolean;
  /** The table held more than the last step read. */
  readonly more: boolean;
  /** When the next step is wanted: `now` or earlier for at once, Infinity where something else must happen first. */
  wantedAt(now: number): number;
  step(): Promise<void>;
}
