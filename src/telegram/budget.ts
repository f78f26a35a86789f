import { monotonicMs } from '../clock.ts';
import type { Stop } from '../job.ts';
import { type LeaseHolder, pauseCalls, reserveCalls, startCooldown } from '../store/budgets.ts';
import type { Connection } from '../store/connect.ts';
import { DatabaseClock } from './database-clock.ts';

/** Where a pass has no deadline, it waits for a pause up to this long. */
export const longestWaitSeconds = 60;

/**
 * Slots lie this much further apart than the rate asks, and a slot missed by more than `toleranceMs` is given up: so
 * no second holds more calls than the rate even where calls arrive a little early or late.
 */
const spread = 1.015;
const toleranceMs = 12;

/** Paces the calls of one bot token over every process that uses it. */
export interface Budget {
  /**
   * Waits for the next call's slot. @param leadMs how long before the slot to return, for what must precede the call
   * @returns when the call may start, on the clock of `monotonicMs`; null when the pass must not start it: see `stop.reason`
   */
  take(leadMs?: number): Promise<number | null>;
  /** Waits for a slot's time. @returns false when it is missed, and the call needs another slot */
  reach(slot: number): Promise<boolean>;
  /** The very next slot, before all who wait. @returns false when none comes within `ms` */
  soon(ms: number): Promise<boolean>;
  /** Stores a pause that Telegram asked for; the pass stops where it is too long to wait for. */
  pause(seconds: number): Promise<void>;
}

export interface BudgetOptions {
  connection: Connection;
  botId: string;
  ratePerSecond: number;
  holder: LeaseHolder;
  stop: Stop;
}

/** Whether a pass has the time to wait so long. */
export function hasTimeFor(seconds: number, stop: Stop): boolean {
  const left = stop.msLeft();
  return seconds * 1000 <= (left ?? longestWaitSeconds * 1000);
}

export function createBudget({ connection, botId, ratePerSecond, holder, stop }: BudgetOptions): Budget {
  const intervalSeconds = spread / ratePerSecond;
  const intervalMs = intervalSeconds * 1000;
  const mostAtOnce = Math.max(1, Math.ceil(ratePerSecond / 2));

  interface Waiting {
    leadMs: number;
    answer(slot: number | null): void;
  }
  const waiting: Waiting[] = [];
  /** Start times of the calls that are reserved and not yet given out: `count` of them from `next` on. */
  let next = 0;
  let count = 0;
  let lastReserved = 0;
  let pumping = false;
  let failure: unknown = null;

  const databaseClock = new DatabaseClock();
  const wake = new EventTarget();
  stop.signal.addEventListener('abort', () => wake.dispatchEvent(new Event('wake')), { once: true });

  /** Sleeps until the time comes or the pass is to stop. */
  const sleepUntil = (time: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        wake.removeEventListener('wake', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, time - monotonicMs()));
      wake.addEventListener('wake', done);
    });

  const refuseAll = (): void => {
    for (const { answer } of waiting.splice(0)) answer(null);
  };

  const reserve = async (): Promise<void> => {
    // A process that keeps asking gets up to half a second at once; one that asks rarely takes nothing from the others.
    const calls = Math.min(mostAtOnce, Math.max(waiting.length, lastReserved * 2));
    const { startsAtMs, nowMs, leaseHeld } = await reserveCalls(connection, botId, calls, intervalSeconds, holder);
    databaseClock.answered(nowMs);
    if (!leaseHeld) {
      stop.request('lease_lost');
      return;
    }
    lastReserved = calls;
    const startsInSeconds = (startsAtMs - nowMs) / 1000;
    if (startsInSeconds > longestSlotWaitSeconds(ratePerSecond) && !hasTimeFor(startsInSeconds, stop)) {
      await leave();
      return;
    }
    next = databaseClock.here(startsAtMs);
    count = calls;
  };

  const leave = async (): Promise<void> => {
    await startCooldown(connection, botId);
    stop.request('cooldown');
  };

  /** Runs while anybody waits. Its end and `pumping = false` are one step, so that nobody comes between them. */
  const pump = async (): Promise<void> => {
    while (waiting.length > 0 && stop.reason === null) {
      const now = monotonicMs();
      while (count > 0 && next < now - toleranceMs) {
        next += intervalMs;
        count--;
      }
      if (count === 0) {
        await reserve();
        continue;
      }
      const { leadMs = 0 } = waiting[0] ?? {};
      if (next - leadMs > now) {
        await sleepUntil(next - leadMs);
        continue;
      }
      waiting.shift()?.answer(next);
      next += intervalMs;
      count--;
    }
    pumping = false;
    if (stop.reason !== null) refuseAll();
  };

  const startPump = (): void => {
    if (pumping) return;
    pumping = true;
    pump().catch((error: unknown) => {
      failure = error;
      pumping = false;
      refuseAll();
    });
  };

  return {
    take(leadMs = 0) {
      if (failure !== null) return Promise.reject(failure);
      if (stop.reason !== null) return Promise.resolve(null);
      return new Promise((resolve, reject) => {
        waiting.push({ leadMs, answer: (slot) => (failure === null ? resolve(slot) : reject(failure)) });
        startPump();
      });
    },
    soon(ms) {
      if (failure !== null || stop.reason !== null) return Promise.resolve(false);
      return new Promise((resolve) => {
        const first: Waiting = {
          leadMs: 0,
          answer(slot) {
            clearTimeout(timer);
            resolve(slot !== null);
          },
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(first), 1);
          resolve(false);
        }, ms);
        waiting.unshift(first);
        startPump();
      });
    },
    async reach(slot) {
      if (slot > monotonicMs()) await sleepUntil(slot);
      return monotonicMs() <= slot + toleranceMs;
    },
    async pause(seconds) {
      count = 0;
      const left = await pauseCalls(connection, botId, seconds);
      if (!hasTimeFor(left, stop)) await leave();
    },
  };
}

/** A wait longer than what all jobs together can have reserved means that Telegram asked for a pause. */
function longestSlotWaitSeconds(ratePerSecond: number): number {
  return 5 + 5 / ratePerSecond;
}
