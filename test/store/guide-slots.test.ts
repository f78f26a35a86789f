import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slotStart, slotsFrom } from '../../src/store/guide-slots.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase({ migrated: false });
});
afterAll(() => db.drop());

const hour = 3_600_000;

/** The slots of many instants at once, as milliseconds since 1970. */
async function slotsOf(zone: string, intervalMs: number, instants: readonly number[]): Promise<number[]> {
  const rows = await db.query<{ start: number }>(
    `select extract(epoch from ${slotStart('instant', { zone: '$1::text', intervalMs })})::float8 * 1000 as start
     from unnest($2::float8[]) with ordinality as given (ms, n)
     cross join lateral (select to_timestamp(ms / 1000) as instant) as at order by n`,
    [zone, instants],
  );
  return rows.map(({ start }) => Math.round(start));
}

async function listFrom(zone: string, intervalMs: number, from: number, count: number): Promise<number[]> {
  const rows = await db.query<{ start: Date }>(
    slotsFrom('to_timestamp($2::float8 / 1000)', { zone: '$1::text', intervalMs }, count),
    [zone, from],
  );
  return rows.map(({ start }) => start.getTime());
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-03-29 05:00` in the zone, from JavaScript's own knowledge of time zones. */
function local(zone: string, ms: number): string {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  formats.set(zone, format);
  return format.format(ms).replace(/[\u00a0\u202f]/g, ' ');
}

const at = (text: string): number => Date.parse(text);

describe('slots', () => {
  test.each([
    ['UTC', 4 * hour, '2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z'],
    ['UTC', 4 * hour, '2026-05-01T03:59:59.999Z', '2026-05-01T00:00:00Z'],
    ['UTC', 4 * hour, '2026-05-01T23:59:59Z', '2026-05-01T20:00:00Z'],
    ['UTC', 7 * hour, '2026-05-01T23:00:00Z', '2026-05-01T21:00:00Z'],
    ['UTC', 24 * hour, '2026-05-01T23:59:59Z', '2026-05-01T00:00:00Z'],
    ['UTC', 90_000, '2026-05-01T12:01:31Z', '2026-05-01T12:01:30Z'],
    ['Europe/Berlin', 4 * hour, '2026-05-01T21:59:59Z', '2026-05-01T18:00:00Z'],
    ['Europe/Berlin', 4 * hour, '2026-05-01T22:00:00Z', '2026-05-01T22:00:00Z'],
    ['Asia/Kathmandu', 4 * hour, '2026-05-01T00:00:00Z', '2026-04-30T22:15:00Z'],
    ['Pacific/Kiritimati', 4 * hour, '2026-05-01T10:30:00Z', '2026-05-01T10:00:00Z'],
  ])('%s, %i ms: %s lies in the slot of %s', async (zone, intervalMs, instant, start) => {
    expect(await slotsOf(zone, intervalMs, [at(instant)])).toEqual([at(start)]);
  });

  const dayOf = async (zone: string, intervalMs: number, midnight: string, count: number): Promise<string[]> =>
    (await listFrom(zone, intervalMs, at(midnight), count)).map((start) => local(zone, start).slice(5));

  test('a day of 23 hours has a shorter last slot, one of 25 a longer', async () => {
    expect(await dayOf('Europe/Berlin', 4 * hour, '2026-03-28T23:00:00Z', 7)).toEqual([
      ...['03-29 00:00', '03-29 05:00', '03-29 09:00', '03-29 13:00', '03-29 17:00', '03-29 21:00', '03-30 00:00'],
    ]);
    expect(await dayOf('Europe/Berlin', 4 * hour, '2026-10-24T22:00:00Z', 7)).toEqual([
      ...['10-25 00:00', '10-25 03:00', '10-25 07:00', '10-25 11:00', '10-25 15:00', '10-25 19:00', '10-26 00:00'],
    ]);
  });

  test('a midnight that comes twice begins one day, and one that is skipped begins its day at the change', async () => {
    // On the Azores the clock goes from 01:00 back to 00:00.
    expect(await slotsOf('Atlantic/Azores', 4 * hour, [at('2026-10-25T00:30Z'), at('2026-10-25T01:30Z')])).toEqual([
      at('2026-10-25T00:00Z'),
      at('2026-10-25T00:00Z'),
    ]);
    // In Cairo the clock goes from 00:00 on to 01:00.
    expect(await slotsOf('Africa/Cairo', 4 * hour, [at('2026-04-23T21:59Z'), at('2026-04-23T22:00Z')])).toEqual([
      at('2026-04-23T18:00Z'),
      at('2026-04-23T22:00Z'),
    ]);
  });

  test('a date that a zone skipped leaves no gap', async () => {
    expect(await slotsOf('Pacific/Apia', 4 * hour, [at('2011-12-30T09:59Z'), at('2011-12-30T10:01Z')])).toEqual([
      at('2011-12-30T06:00Z'),
      at('2011-12-30T10:00Z'),
    ]);
  });
});

const zones = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Havana', 'Atlantic/Azores', 'Africa/Cairo'],
  ...['Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Nuuk', 'Asia/Beirut', 'Pacific/Chatham'],
];
const anyZone = fc.constantFrom(...zones);
const anyIntervalMs = fc
  .oneof(fc.constantFrom(1, 30, 60, 90, 240, 300, 420, 1439, 1440), fc.integer({ min: 1, max: 1440 }))
  .map((minutes) => minutes * 60_000);

/** Midnights round which the clocks of the zones above change, and any other time of these years. */
const nearChange = fc
  .tuple(
    fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-04-24', '2026-10-04', '2026-10-25', '2026-11-01'),
    fc.integer({ min: -36 * 60, max: 60 * 60 }),
  )
  .map(([day, minutes]) => at(`${day}T00:00Z`) + minutes * 60_000);
const anyInstant = fc.oneof(nearChange, fc.integer({ min: at('2024-01-01'), max: at('2027-12-31') }));

describe('for any zone, interval and instant', () => {
  const runs = { numRuns: 50 };

  test('an instant lies in one slot: the one that began last', async () => {
    await fc.assert(
      fc.asyncProperty(anyZone, anyIntervalMs, anyInstant, async (zone, intervalMs, instant) => {
        const starts = await listFrom(zone, intervalMs, instant, 40);
        expect(starts).toHaveLength(40);
        expect(starts[0]).toBeLessThanOrEqual(instant);
        expect(starts[1]).toBeGreaterThan(instant);
        // Each slot reaches from its start to a moment before the next one, and no other slot lies between.
        const ends = starts.slice(1).map((start) => start - 1);
        expect(await slotsOf(zone, intervalMs, starts)).toEqual(starts);
        expect(await slotsOf(zone, intervalMs, ends)).toEqual(starts.slice(0, -1));
      }),
      runs,
    );
  });

  test('slots of a day begin at its first moment, an interval apart', async () => {
    await fc.assert(
      fc.asyncProperty(anyZone, anyIntervalMs, anyInstant, async (zone, intervalMs, instant) => {
        const starts = await listFrom(zone, intervalMs, instant, 3 * Math.ceil((24 * hour) / intervalMs));
        for (const [index, start] of starts.entries()) {
          const before = starts[index - 1];
          if (before === undefined) continue;
          const firstOfDay = local(zone, start).slice(0, 10) !== local(zone, start - 1).slice(0, 10);
          if (firstOfDay) continue;
          expect(start - before).toBe(intervalMs);
          expect(local(zone, start).slice(0, 10)).toBe(local(zone, before).slice(0, 10));
        }
        const days = new Set(starts.map((start) => local(zone, start).slice(0, 10)));
        const firsts = starts.filter(
          (start) => local(zone, start).slice(0, 10) !== local(zone, start - 1).slice(0, 10),
        );
        expect(firsts.length).toBeGreaterThanOrEqual(days.size - 1);
      }),
      runs,
    );
  });

  test('a day has as many slots as one of 24 hours, or fewer where it is shorter', async () => {
    await fc.assert(
      fc.asyncProperty(anyZone, anyIntervalMs, anyInstant, async (zone, intervalMs, instant) => {
        const perDay = Math.ceil((24 * hour) / intervalMs);
        const starts = await listFrom(zone, intervalMs, instant, 2 * perDay + 1);
        const counts = new Map<string, number>();
        for (const start of starts) {
          const day = local(zone, start).slice(0, 10);
          counts.set(day, (counts.get(day) ?? 0) + 1);
        }
        expect(Math.max(...counts.values())).toBeLessThanOrEqual(perDay);
      }),
      runs,
    );
  });
});
