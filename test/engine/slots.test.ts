import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Slots } from '../../src/engine/slots.ts';

/** What a pass does with its slots: time goes on, some are reserved, calls are made, a pause comes. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.double({ min: 0, max: 400, noNaN: true }) }),
    fc.record({
      kind: fc.constant('reserve' as const),
      ahead: fc.double({ min: 0, max: 300, noNaN: true }),
      n: fc.nat(14),
    }),
    fc.record({ kind: fc.constant('call' as const) }),
    fc.record({ kind: fc.constant('pause' as const) }),
  ),
  { maxLength: 120 },
);

test('no slot is used twice, before its time, or once it is missed by more than 7 ms', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60 }), (script, rate) => {
      const slots = new Slots(rate);
      let now = 1_000;
      let end = 0;
      let standing: number[] = [];
      for (const step of script) {
        if (step.kind === 'wait') now += step.ms;
        else if (step.kind === 'pause') {
          slots.void();
          standing = [];
          end = 0;
        } else if (step.kind === 'reserve') {
          // The budget gives every slot once.
          const start = Math.max(end, now + step.ahead);
          slots.add(start, step.n, slots.generation);
          for (let i = 0; i < step.n; i++) standing.push(start + i * slots.intervalMs);
          end = start + step.n * slots.intervalMs;
        } else {
          standing = standing.filter((time) => time >= now - 7 - 1e-6);
          const [first = Number.POSITIVE_INFINITY] = standing;
          expect(slots.take(now)).toBe(first <= now);
          if (first <= now) standing.shift();
        }
        standing = standing.filter((time) => time >= now - 7 - 1e-6);
        expect(slots.inHand(now)).toBe(standing.length);
        expect(slots.nextAt(now) ?? Number.POSITIVE_INFINITY).toBeCloseTo(standing[0] ?? Number.POSITIVE_INFINITY, 4);
        expect(slots.nthAt(3, now)).toBeCloseTo(standing[2] ?? Number.POSITIVE_INFINITY, 4);
        expect(slots.before(now + 200, now)).toBe(standing.filter((time) => time <= now + 200).length);
      }
    }),
  );
});

test('a reservation made before a pause is void, whenever its answer comes', () => {
  const slots = new Slots(25);
  const before = slots.generation;
  slots.add(100, 5, before);
  slots.void();
  slots.add(200, 5, before);
  expect(slots.inHand(0)).toBe(0);
  slots.add(300, 5, slots.generation);
  expect(slots.inHand(0)).toBe(5);
});

test.each([
  1, 2, 25, 30, 1_000,
])('at %i calls a second, half a second of calls is the most, and no second holds more', (rate) => {
  const slots = new Slots(rate);
  expect(slots.most * slots.intervalMs).toBeLessThanOrEqual(Math.max(500, slots.intervalMs));
  slots.add(0, 3 * rate, slots.generation);
  const calls: number[] = [];
  // A process that always comes a little late.
  for (let now = 0; now < 2_500; now += 7) while (slots.take(now)) calls.push(now);
  for (const first of calls)
    expect(calls.filter((at) => at >= first && at < first + 1_000).length).toBeLessThanOrEqual(rate);
});
