/** Arbitrary values in every column that a bot writes, through plain inserts. */
import fc from 'fast-check';
import { nothingFound } from './findings.ts';
import { type Laid, type Load, newChat } from './load.ts';
import { loads } from './loads.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    -1n,
    2n ** 31n - 1n,
    2n ** 31n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    -1_000_000_000_000n,
    2n ** 53n + 1n,
  ),
);
const bigintText = bigint.map(String);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 8 });

/** PostgreSQL's text holds no NUL and no half of a surrogate pair. */
const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(
      '',
      ' ',
      '*',
      '_',
      '[',
      '`',
      '\\',
      '<b>',
      '\u202e',
      '\u0001',
      '😀',
      'a\nb',
      "'; drop table users; --",
      'x'.repeat(5000),
    ),
  )
  .map((value) => Buffer.from(value.replaceAll('\0', '')).toString());

const instant = fc.oneof(
  fc.constantFrom(
    'infinity',
    '-infinity',
    '4713-01-01 00:00:00+00 BC',
    '294276-12-31 23:59:59+00',
    'epoch',
    'now',
    'yesterday',
    'tomorrow',
  ),
  fc
    .date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
);
const day = fc.constantFrom(
  'infinity',
  '-infinity',
  '4713-01-01 BC',
  '5874897-12-31',
  'yesterday',
  'today',
  'tomorrow',
  '1970-01-01',
);

/** An insert as a bot makes it; it may be refused. */
interface Insert {
  sql: string;
  values: unknown[];
}

const insert = (sql: string, ...values: fc.Arbitrary<unknown>[]): fc.Arbitrary<Insert> =>
  fc.tuple(...values).map((list) => ({ sql, values: list }));

const anyInsert: fc.Arbitrary<Insert> = fc.oneof(
  insert(
    'insert into users values ($1, $2, $3, $4, $5)',
    bigintText,
    orNull(text),
    orNull(text),
    fc.boolean(),
    instant,
  ),
  insert(
    'insert into tokens values ($1, $2, $3, $4, $5, $6)',
    text,
    orNull(text),
    orNull(bigintText),
    fc.constantFrom('not_used', 'verified', 'bypassed', 'other', null),
    orNull(instant),
    orNull(instant),
  ),
  insert('insert into token_generator_count values ($1, $2, $3)', bigintText, day, fc.integer()),
  insert(
    `insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
     values ($1, $2, $3, $4, $5, $6)`,
    orNull(bigintText),
    orNull(bigintText),
    orNull(fc.array(orNull(bigintText), { maxLength: 6 })),
    orNull(text),
    orNull(instant),
    orNull(instant),
  ),
  insert(
    'insert into broadcasts (text, caption, file_id, created_at, delete_at) values ($1, $2, $3, $4, $5)',
    orNull(text),
    orNull(text),
    orNull(text),
    orNull(instant),
    orNull(instant),
  ),
  insert(
    `insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at)
     values (coalesce((select max(id) from broadcasts), 1), $1, $2, $3)`,
    bigintText,
    bigintText,
    orNull(instant),
  ),
  insert(
    'insert into guides (id, position, title, description, url, enabled) values ($1, $2, $3, $4, $5, $6)',
    text,
    orNull(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    orNull(text),
    orNull(text),
    orNull(fc.oneof(text, fc.webUrl())),
    orNull(fc.boolean()),
  ),
);

/** A bot's own table may be less strict than the one that a migration makes. */
async function loosen({ scene: { db } }: Stage): Promise<void> {
  const rows = await db.query<{ sql: string }>(`
    select format('alter table %s alter column %I drop not null', attrelid::regclass, attname) as sql
    from pg_attribute
    where attrelid in ('users'::regclass, 'tokens'::regclass, 'token_generator_count'::regclass,
                       'pending_deletions'::regclass, 'broadcasts'::regclass, 'guides'::regclass)
      and attnum > 0 and attnotnull and not attisdropped and attidentity = '' and attname <> 'attempts'
      and not exists (select from pg_index where indrelid = attrelid and indisprimary and attnum = any(indkey))
    union all
    select format('alter table %s drop constraint %I', conrelid::regclass, conname)
    from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`);
  for (const { sql } of rows) await db.query(sql);
}

/** Some rows of any kind, then a pass of every job; then one more, which must find what the first left in order. */
export function anyRowsTrial(runs: number, seed: number): Trial {
  return {
    part: 'operators',
    what: 'arbitrary values in every column that bots write',
    job: 'all jobs',
    async play(stage) {
      const found = nothingFound();
      await loosen(stage);
      const property = fc.asyncProperty(fc.array(anyInsert, { minLength: 20, maxLength: 80 }), async (inserts) => {
        found.times += await playRows(stage, inserts);
      });
      const result = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
      if (result.failed) {
        const { errorInstance: error, counterexample } = result;
        const why = error instanceof Error ? error.message : String(error);
        found.wrong.push(`seed ${seed}: ${why}: ${JSON.stringify(counterexample)}`.slice(0, 3000));
      }
      return found;
    },
  };
}

/** Nothing of the suite's own: what bots wrote is all there is. */
const noLoad: Load = {
  job: 'delete-due',
  callsTelegram: true,
  layOut: async () => ({
    env: {},
    staysDue: 0,
    firstCode: 0,
    endCodes: [0, 1],
    openIntents: async () => 0,
    account: async () => ({ lost: [], repeated: [], uncertain: 0 }),
  }),
};

/** @returns how many rows the database took */
async function playRows(stage: Stage, inserts: readonly Insert[]): Promise<number> {
  const { db, api } = stage.scene;
  const laid: Laid = await stage.layOut(noLoad, { items: 0 });
  const guides = await db.query<{ id: string }>('select id from guides');
  let inserted = 0;
  for (const { sql, values } of inserts) {
    await db.query(sql, values).then(
      () => {
        inserted++;
      },
      () => undefined,
    );
  }
  const channel = `-100${newChat() + 1_000_000_000}`;
  api.addChat({ id: channel, type: 'channel' });
  const env = { GUIDE_CHAT_IDS: channel, GUIDE_INTERVAL: '24h' };
  try {
    for (const { job } of loads) {
      for (const args of [['--dry-run'], [], []]) {
        const { code, stderr } = await stage.run(job, laid, { DATABASE_URL: stage.url, ...env }, args);
        // A guide that Telegram would refuse is a matter of settings.
        const honest = job === 'post-guide' ? [0, 1, 78] : [0, 1];
        if (code === null || !honest.includes(code)) {
          throw new Error(`${[job, ...args].join(' ')} ended with ${code}: ${lastLines(stderr)}`);
        }
      }
    }
    await checkSettled(stage);
    return inserted;
  } finally {
    await db.query('delete from guides where not id = any($1)', [guides.map(({ id }) => id)]);
  }
}

/** What is due is gone, failed with a reason, or waits. */
async function checkSettled({ scene: { db } }: Stage): Promise<void> {
  const rows = await db.query<{ row: string }>(`
    select 'pending_deletions ' || to_jsonb(t)::text as row from pending_deletions as t
    where delete_at <= now() and failed_at is null and next_attempt_at is null
    union all
    select 'broadcasts ' || to_jsonb(t)::text from broadcasts as t
    where delete_at <= now() and failed_at is null
      and not exists (select from broadcast_messages as m where m.broadcast_id = t.id and m.next_attempt_at is not null)
    union all
    select 'tokens ' || to_jsonb(t)::text from tokens as t
    where expires_at < now() and status in ('verified', 'bypassed')
    union all
    select 'counts ' || to_jsonb(t)::text from token_generator_count as t where date < (now() at time zone 'UTC')::date`);
  const [first] = rows;
  if (first !== undefined)
    throw new Error(`${rows.length} rows are due and not settled, such as ${first.row.slice(0, 300)}`);
}
