import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlanState, plan } from '../../src/engine/plan.ts';
import { Slots } from '../../src/engine/slots.ts';

const never = Number.POSITIVE_INFINITY;
const now = 10_000;

function state(more: Partial<PlanState> = {}, inHand = 0, firstAt = now): PlanState {
  const slots = new Slots(25);
  slots.add(firstAt, inHand, slots.generation);
  return {
    slots,
    tickMs: 100,
    pausedUntil: 0,
    free: 0,
    moreFree: false,
    deadline: never,
    readyBy: () => 0,
    owedReadyAt: never,
    claimed: 0,
    callsSinceSend: 4,
    sendsHeld: false,
    writes: { count: 0, oldestAt: never, urgent: false },
    pauseToTell: false,
    ...more,
  };
}

const states = fc
  .record({
    inHand: fc.nat(12),
    ahead: fc.integer({ min: -10, max: 400 }),
    tickMs: fc.integer({ min: 2, max: 400 }),
    pausedFor: fc.constantFrom(0, 50, 5_000),
    free: fc.constantFrom(0, 1, 5, 1_000),
    moreFree: fc.boolean(),
    left: fc.constantFrom(never, 60_000, 7_200_000),
    ready: fc.nat(20),
    claimed: fc.nat(4),
    callsSinceSend: fc.nat(6),
    sendsHeld: fc.boolean(),
    writes: fc.nat(900),
    urgent: fc.boolean(),
  })
  .map((drawn) =>
    state(
      {
        tickMs: drawn.tickMs,
        pausedUntil: drawn.pausedFor === 0 ? 0 : now + drawn.pausedFor,
        free: drawn.free,
        moreFree: drawn.moreFree,
        deadline: drawn.free === 0 ? never : now + drawn.left,
        readyBy: (_, most) => Math.min(drawn.ready, most),
        owedReadyAt: drawn.ready === 0 ? never : now,
        claimed: drawn.claimed,
        callsSinceSend: drawn.callsSinceSend,
        sendsHeld: drawn.sendsHeld,
        writes: { count: drawn.writes, oldestAt: drawn.writes === 0 ? never : now - 1_000, urgent: drawn.urgent },
      },
      drawn.inHand,
      now + drawn.ahead,
    ),
  );

test('in any state: half a second in hand at most, claims for slots within two ticks, and no spinning', () => {
  fc.assert(
    fc.property(states, (drawn) => {
      const { due, reserve, claims, wakeAt } = plan(drawn, now);
      const { slots, tickMs } = drawn;
      expect(slots.inHand(now) + reserve).toBeLessThanOrEqual(Math.max(slots.most, slots.inHand(now)));
      const soon = slots.before(now + 2 * tickMs, now) + reserve;
      expect(claims).toBeLessThanOrEqual(Math.max(0, soon - drawn.claimed));
      if (drawn.sendsHeld) expect(claims).toBe(0);
      // A deletion with less than an hour left comes before every send.
      if (drawn.free > 0 && drawn.deadline - now < 3_600_000) expect(claims).toBe(0);
      if (drawn.pausedUntil > now + tickMs) expect([reserve, claims]).toEqual([0, 0]);
      if (!due) expect(wakeAt).toBeGreaterThan(now);
    }),
  );
});

test('nothing to do plans nothing', () => {
  expect(plan(state(), now)).toEqual({ due: false, reserve: 0, claims: 0, wakeAt: never });
});

describe('slots', () => {
  test('are reserved by what is queued, so that a job that calls seldom takes seldom', () => {
    expect(plan(state({ free: 1 }), now)).toMatchObject({ due: true, reserve: 1 });
    expect(plan(state({ readyBy: () => 1, owedReadyAt: now }), now)).toMatchObject({
      due: true,
      reserve: 1,
      claims: 1,
    });
  });

  test('are reserved for half a second while the table holds more', () => {
    expect(plan(state({ free: 500, moreFree: true }), now)).toMatchObject({ due: true, reserve: 12 });
  });

  test('are reserved before the last in hand has come, by the time that a tick takes', () => {
    const busy = { free: 500, moreFree: true };
    expect(plan(state(busy, 10), now)).toMatchObject({ due: false, reserve: 2 });
    expect(plan(state(busy, 3), now)).toMatchObject({ due: true, reserve: 9 });
    const { wakeAt } = plan(state(busy, 10), now);
    expect(wakeAt).toBeCloseTo(now + 9 * 40.4 - 100, 1);
  });
});

describe('sends', () => {
  const owed = { readyBy: () => 9, owedReadyAt: now };

  test('get one call in four while deletions last', () => {
    const { claims } = plan(state({ ...owed, free: 500, moreFree: true, callsSinceSend: 3 }, 12), now);
    // Of the five slots within two ticks the first and the fifth.
    expect(claims).toBe(2);
    expect(plan(state({ ...owed, free: 500, moreFree: true, callsSinceSend: 0 }, 12), now).claims).toBe(1);
  });

  test('get every call where no deletion waits', () => {
    expect(plan(state(owed, 12), now).claims).toBe(5);
  });

  test('whose chat is not ready are not claimed yet, and looked for in time', () => {
    const later = { readyBy: (time: number) => (time >= now + 900 ? 1 : 0), owedReadyAt: now + 900 };
    expect(plan(state(later), now)).toEqual({ due: false, reserve: 0, claims: 0, wakeAt: now + 800 });
  });
});

describe('writes', () => {
  test('that settle a claim go at once, others with the next tick or when they are many or old', () => {
    const writes = { count: 1, oldestAt: now - 10, urgent: false };
    expect(plan(state({ writes }), now)).toMatchObject({ due: false, wakeAt: now - 10 + 5_000 });
    expect(plan(state({ writes: { ...writes, urgent: true } }), now).due).toBe(true);
    expect(plan(state({ writes: { ...writes, count: 1_000 } }), now).due).toBe(true);
    expect(plan(state({ writes: { ...writes, oldestAt: now - 5_000 } }), now).due).toBe(true);
  });

  test('a pause is told at once, and until it is nearly over nothing is reserved or claimed', () => {
    const paused = { free: 5, pausedUntil: now + 3_000, pauseToTell: true };
    expect(plan(state(paused), now)).toEqual({ due: true, reserve: 0, claims: 0, wakeAt: now + 2_900 });
    expect(plan(state({ ...paused, pauseToTell: false }), now + 2_950)).toMatchObject({ due: true, reserve: 5 });
  });
});
