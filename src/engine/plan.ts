/**
 * When the writer's next statement is to start and what goes with it. Pure: what is needed before this tick would be over
 * starts it; what is needed before the next one would be over goes with it.
 */
import type { Slots } from './slots.ts';

/** Ready sends get one call in so many while deletions last. */
export const sendShare = 4;

/** A deletion this close to the end of its 48 hours comes before every send. */
const urgentMs = 3_600_000;

/** So many writes are worth a tick of their own, and so old may one become. */
const manyWrites = 800;
const oldestWriteMs = 5_000;

/** What the planner looks at. Times are those of `monotonicMs`. */
export interface PlanState {
  slots: Slots;
  /** How long a tick takes, as far as is known. */
  tickMs: number;
  /** Until when Telegram asked for a pause; 0 for none. */
  pausedUntil: number;
  /** Calls that need no claim and wait for a slot, and whether the table holds more than were read. */
  free: number;
  moreFree: boolean;
  /** When the most urgent of them becomes impossible; Infinity where none does. */
  deadline: number;
  /** How many sends could be claimed for a time, counted up to `most`, and when the first of them may go. */
  readyBy(time: number, most: number): number;
  owedReadyAt: number;
  claimed: number;
  callsSinceSend: number;
  /** No claim is to be made: the text is at fault, or not known yet. */
  sendsHeld: boolean;
  writes: { count: number; oldestAt: number; urgent: boolean };
  /** A pause that the database must hear of. */
  pauseToTell: boolean;
}

export interface Plan {
  /** The tick is to start now. */
  due: boolean;
  /** What goes with it. */
  reserve: number;
  claims: number;
  /** When to look again where nothing else happens. */
  wakeAt: number;
}

export function plan(state: PlanState, now: number): Plan {
  const { slots, tickMs } = state;
  const { due, wakeAt } = planWrites(state, now);
  const resumeAt = state.pausedUntil - tickMs;
  if (now < resumeAt) return { due, reserve: 0, claims: 0, wakeAt: Math.min(wakeAt, resumeAt) };

  const overAt = now + tickMs;
  const nextOverAt = overAt + tickMs;
  const maySend = !state.sendsHeld && sendsMayGo(state, now);
  const ready = maySend ? state.readyBy(nextOverAt, slots.most) : 0;
  const inHand = slots.inHand(now);

  const demand = state.moreFree && state.free > 0 ? slots.most : state.free + state.claimed + ready;
  const reserve = Math.max(0, Math.min(slots.most, demand) - inHand);
  // Slots that are reserved now follow those in hand, or come at once.
  const reservedBefore = (time: number): number => {
    const from = inHand > 0 ? slots.lastAt(now) + slots.intervalMs : now;
    return time < from ? 0 : Math.min(reserve, Math.floor((time - from) / slots.intervalMs) + 1);
  };
  // Of the slots, the first `callsFirst` and then all but one in `share` are for calls.
  const share = state.free === 0 ? 1 : sendShare;
  const callsFirst = state.free === 0 ? 0 : Math.max(0, sendShare - 1 - state.callsSinceSend);
  const sendsBefore = (time: number): number => {
    const before = slots.before(time, now) + reservedBefore(time);
    return Math.max(0, Math.ceil((before - callsFirst) / share));
  };

  const claims = Math.max(0, Math.min(ready, sendsBefore(nextOverAt) - state.claimed));
  const needsSlots = reserve > 0 && slots.lastAt(now) <= overAt;
  const needsClaims = claims > 0 && state.claimed < sendsBefore(overAt) && state.owedReadyAt <= overAt;
  const never = Number.POSITIVE_INFINITY;
  // The first slot in hand for a send that has no claim yet; where there is none, one is reserved when a chat is ready.
  const slotAt = slots.nthAt(callsFirst + state.claimed * share + 1, now);
  const sendAt = slotAt === never ? state.owedReadyAt : Math.max(slotAt, state.owedReadyAt);
  const claimAt = maySend && sendAt > overAt ? sendAt - tickMs : never;
  const reserveAt = reserve > 0 ? slots.lastAt(now) - tickMs : never;
  return { due: due || needsSlots || needsClaims, reserve, claims, wakeAt: Math.min(wakeAt, reserveAt, claimAt) };
}

/** While a deletion is urgent, all slots are for deletions. */
export function sendsMayGo({ free, deadline }: Pick<PlanState, 'free' | 'deadline'>, now: number): boolean {
  return free === 0 || deadline - now > urgentMs;
}

function planWrites({ writes, pauseToTell }: PlanState, now: number): { due: boolean; wakeAt: number } {
  const tooOldAt = writes.count === 0 ? Number.POSITIVE_INFINITY : writes.oldestAt + oldestWriteMs;
  return { due: pauseToTell || writes.urgent || writes.count >= manyWrites || tooOldAt <= now, wakeAt: tooOldAt };
}
