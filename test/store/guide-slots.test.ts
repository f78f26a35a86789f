import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cronEvery } from '../../src/jobs/post-guide/cron-every.ts';
import { postGuide } from '../../src/jobs/post-guide.ts';
import { expectedRuns } from '../../src/operator/health/expected-runs.ts';
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

  const dayOf = async (zone: string, intervalMs: number, from: string, count: number): Promise<string[]> =>
    (await listFrom(zone, intervalMs, at(from), count)).map((start) => local(zone, start).slice(5));

  test('go by the clock on the wall where it changes', async () => {
    expect(await dayOf('Europe/Berlin', 4 * hour, '2026-03-28T23:00Z', 7)).toEqual([
      ...['03-29 00:00', '03-29 04:00', '03-29 08:00', '03-29 12:00', '03-29 16:00', '03-29 20:00', '03-30 00:00'],
    ]);
    expect(await dayOf('Europe/Berlin', 4 * hour, '2026-10-24T22:00Z', 7)).toEqual([
      ...['10-25 00:00', '10-25 04:00', '10-25 08:00', '10-25 12:00', '10-25 16:00', '10-25 20:00', '10-26 00:00'],
    ]);
  });

  test.each([
    ['Europe/Berlin', 2 * hour, '2026-03-28T23:00Z', '00:00 03:00 04:00 06:00'],
    ['Europe/Berlin', hour / 2, '2026-03-29T00:30Z', '01:30 03:00 03:30'],
    ['Europe/Berlin', (5 * hour) / 12, '2026-03-29T00:10Z', '00:50 01:15 01:40 03:00 03:20'],
    ['Africa/Cairo', 4 * hour, '2026-04-23T20:00Z', '20:00 01:00 04:00'],
    ['America/Santiago', 24 * hour, '2026-09-05T12:00Z', '00:00 01:00 00:00'],
    ['Australia/Lord_Howe', hour / 2, '2026-10-03T15:00Z', '01:30 02:30 03:00'],
  ])('%s, %i ms, where the clock goes forward: %s, %s', async (zone, intervalMs, from, times) => {
    const wanted = times.split(' ');
    const starts = await dayOf(zone, intervalMs, from, wanted.length);
    expect(starts.map((start) => start.slice(6))).toEqual(wanted);
  });

  test.each([
    ['Europe/Berlin', hour / 2, '2026-10-24T23:30Z', '01:30 02:00 02:30 02:00 02:30 03:00'],
    ['Europe/Berlin', 2 * hour, '2026-10-24T22:00Z', '00:00 02:00 02:00 04:00'],
    ['America/New_York', hour, '2026-11-01T04:00Z', '00:00 01:00 01:00 02:00'],
    ['Atlantic/Azores', 4 * hour, '2026-10-25T00:30Z', '00:00 00:00 04:00'],
    ['Africa/Cairo', 4 * hour, '2026-10-29T20:30Z', '20:00 00:00 04:00'],
    ['America/Santiago', 4 * hour, '2026-04-05T03:30Z', '20:00 00:00 04:00'],
    ['Australia/Lord_Howe', hour, '2026-04-04T14:30Z', '01:00 02:00'],
    ['Australia/Lord_Howe', hour / 3, '2026-04-04T14:30Z', '01:20 01:40 01:40 02:00'],
  ])('%s, %i ms, where it goes back: %s, %s', async (zone, intervalMs, from, times) => {
    const wanted = times.split(' ');
    const starts = await dayOf(zone, intervalMs, from, wanted.length);
    expect(starts.map((start) => start.slice(6))).toEqual(wanted);
  });

  test('a date that a zone skipped leaves no gap', async () => {
    expect(await slotsOf('Pacific/Apia', 4 * hour, [at('2011-12-30T09:59Z'), at('2011-12-30T10:01Z')])).toEqual([
      at('2011-12-30T06:00Z'),
      at('2011-12-30T10:00Z'),
    ]);
  });
});

const zones = [
  ...[
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Havana',
    'America/Santiago',
    'Atlantic/Azores',
    'Africa/Cairo',
  ],
  ...[
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Asia/Kolkata',
    'Pacific/Apia',
    'America/Nuuk',
    'Asia/Beirut',
    'Pacific/Chatham',
  ],
];
const anyZone = fc.constantFrom(...zones);
const minuteMs = 60_000;
const anyIntervalMs = fc
  .oneof(fc.constantFrom(1, 20, 30, 60, 90, 120, 240, 300, 420, 1439, 1440), fc.integer({ min: 1, max: 1440 }))
  .map((minutes) => minutes * minuteMs);

/** Midnights round which the clocks of the zones above change, and any other time of these years. */
const nearChange = fc
  .tuple(
    fc.constantFrom(
      ...['2026-03-08', '2026-03-29', '2026-04-05', '2026-04-24', '2026-09-06', '2026-10-04', '2026-10-25'],
      ...['2026-10-30', '2026-11-01'],
    ),
    fc.integer({ min: -36 * 60, max: 60 * 60 }),
  )
  .map(([day, minutes]) => at(`${day}T00:00Z`) + minutes * minuteMs);
const anyInstant = fc.oneof(nearChange, fc.integer({ min: at('2024-01-01'), max: at('2027-12-31') }));

/** The minutes of a day that the zone's clock shows. */
function shown(zone: string, ms: number): number {
  const [hours = '', minutes = ''] = local(zone, ms).slice(11).split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** The rule in plain words, minute by minute: the last moment at which the clock showed a multiple, or left one out. */
function slotByTheClock(zone: string, intervalMs: number, instant: number): number {
  const interval = intervalMs / minuteMs;
  for (let minute = Math.floor(instant / minuteMs) * minuteMs; ; minute -= minuteMs) {
    const now = shown(zone, minute);
    if (now % interval === 0) return minute;
    const left = Date.parse(`${local(zone, minute)}Z`) - Date.parse(`${local(zone, minute - minuteMs)}Z`) - minuteMs;
    for (let past = now - left / minuteMs; past < now; past++)
      if (((past + 1440) % 1440) % interval === 0) return minute;
  }
}

describe('for any zone, interval and instant', () => {
  const runs = { numRuns: 60 };

  test('the slot is the one that the clock on the wall says', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyZone,
        anyIntervalMs,
        fc.array(anyInstant, { minLength: 5 }),
        async (zone, intervalMs, instants) => {
          const expected = instants.map((instant) => slotByTheClock(zone, intervalMs, instant));
          expect(await slotsOf(zone, intervalMs, instants)).toEqual(expected);
        },
      ),
      runs,
    );
  });

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

  test('the session has no say in it', async () => {
    const client = new pg.Client({
      connectionString: db.url,
      options: '-c datestyle=German,DMY -c intervalstyle=sql_standard -c timezone=Asia/Kolkata',
    });
    await client.connect();
    try {
      await fc.assert(
        fc.asyncProperty(anyZone, anyIntervalMs, anyInstant, async (zone, intervalMs, instant) => {
          const text = `select extract(epoch from start)::float8 * 1000 as start from
            (${slotsFrom('to_timestamp($2::float8 / 1000)', { zone: '$1::text', intervalMs }, 9)}) as slot order by 1`;
          const { rows } = await client.query(text, [zone, instant]);
          expect(rows.map(({ start }) => Math.round(start))).toEqual(await listFrom(zone, intervalMs, instant, 9));
        }),
        runs,
      );
    } finally {
      await client.end();
    }
  });
});

describe("each of the schedule's times has a slot of its own", () => {
  /** Intervals in which cron can count, so that it fires once for each multiple. */
  const intervals = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 23, 24].map((hours) => hours * hour);
  const parts = [5, 10, 12, 15, 20, 30].map((minutes) => minutes * minuteMs);
  const [from, to] = [at('2026-01-01T00:00Z'), at('2027-01-01T00:00Z')];

  /** Three days round each change of the zone's clock in 2026. */
  function stretches(zone: string): [number, number][] {
    const ahead = (ms: number): number => Date.parse(`${local(zone, ms)}Z`) - ms;
    const days = Array.from({ length: (to - from) / (24 * hour) }, (_, day) => from + day * 24 * hour);
    const changes = days.filter((day) => ahead(day) !== ahead(day + 24 * hour));
    return (changes.length > 0 ? changes : [from]).map((day) => [day - 24 * hour, day + 48 * hour]);
  }

  test.each(zones)('%s, by the clock, whether a repeated hour is fired in again or not', async (zone) => {
    for (const intervalMs of [...intervals, ...parts]) {
      const [minutes = '', hours = ''] = cronEvery(intervalMs).split(' ');
      const fires = (field: string, value: number): boolean =>
        field.startsWith('*/') ? value % Number(field.slice(2)) === 0 : field === '*' || Number(field) === value;
      for (const [first, last] of stretches(zone)) {
        const firings: number[] = [];
        for (let minute = first; minute < last; minute += minuteMs) {
          const now = shown(zone, minute);
          if (fires(minutes, now % 60) && fires(hours, Math.floor(now / 60))) firings.push(minute);
        }
        expect(firings.length).toBeGreaterThan(1);
        expect(await slotsOf(zone, intervalMs, firings), `${intervalMs}`).toEqual(firings);
      }
    }
  });

  test.each(zones)('%s, as status and doctor expect them', async (timeZone) => {
    for (const guideIntervalMs of [hour / 2, 2 * hour, 4 * hour, 24 * hour]) {
      const expected = await expectedRuns(postGuide, { timeZone, guideIntervalMs });
      for (const [first, last] of stretches(timeZone)) {
        const times = expected.between(new Date(first), new Date(last)).map((time) => time.getTime());
        const slots = await slotsOf(timeZone, guideIntervalMs, times);
        expect(new Set(slots).size, `${guideIntervalMs}`).toBe(times.length);
      }
    }
  });
});
