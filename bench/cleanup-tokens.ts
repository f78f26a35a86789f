/** `cleanup-tokens` against one DELETE sent by a plain client. */
import type { Database } from './database.ts';
import { type Figure, figuresOf, median } from './figure.ts';
import { growth } from './growth.ts';
import type { Stage } from './stage.ts';

interface Size {
  /** A fifth of them is due. */
  rows: number;
  runs: number;
  /** Expiry is in random order on disk: every page of the table holds rows that are due. */
  shuffled?: boolean;
}

const small: readonly Size[] = [
  { rows: 50_000, runs: 3 },
  { rows: 500_000, runs: 3 },
];
const large: Size = { rows: 5_000_000, runs: 3 };
const inRandomOrder = {
  small: { rows: 2_500_000, runs: 1, shuffled: true },
  large: { rows: 5_000_000, runs: 1, shuffled: true },
};

export async function measureCleanupTokens(stage: Stage): Promise<Figure[]> {
  const figures: Figure[] = [];
  const costs: { items: number; ms: number }[] = [];
  for (const size of stage.long ? [...small, large] : small) {
    const { figures: more, passMs } = await measureSize(stage, size);
    figures.push(...more);
    costs.push({ items: size.rows / 5, ms: passMs });
  }
  const random = await measureSize(stage, stage.long ? inRandomOrder.large : inRandomOrder.small);
  return [...figures, ...growth('cleanup-tokens', 'row', costs), ...random.figures];
}

interface Deletion {
  wallMs: number;
  /** Bytes of write-ahead log. */
  wal: number;
}

async function measureSize(
  stage: Stage,
  { rows, runs, shuffled = false }: Size,
): Promise<{ figures: Figure[]; passMs: number }> {
  const order = shuffled ? ', in random order' : '';
  stage.say(`cleanup-tokens: ${rows / 5} of ${rows} rows${order}`);
  const template = await fill(stage, rows, shuffled);
  const plain: Deletion[] = [];
  const swept: (Deletion & { longestMs: number; passMs: number })[] = [];
  for (let i = 0; i < runs; i++) {
    plain.push(await onCopy(stage, (db) => deletePlainly(db)));
    swept.push(
      await onCopy(stage, async (db) => {
        const { wallMs, summary, statements } = await stage.pass(db, ['cleanup-tokens']);
        if (summary.counts.deleted !== rows / 5) throw new Error(`cleanup-tokens deleted ${summary.counts.deleted}`);
        return { wallMs, longestMs: statements.longestMs, passMs: summary.duration_ms };
      }),
    );
  }
  await template.drop();

  const figure = figuresOf(
    `cleanup-tokens, ${(rows / 5).toLocaleString('en')} of ${rows.toLocaleString('en')}${order}`,
  );
  const base = (key: keyof Deletion) => ({ what: 'one DELETE', value: median(plain.map((run) => run[key])) });
  const of = (key: keyof (typeof swept)[0]) => median(swept.map((run) => run[key]));
  // The target is for the large size: a DELETE of less is over before Node has started.
  const target = rows === large.rows ? { target: { most: shuffled ? 3 : 1.13 } } : {};
  const mebibyte = 1024 * 1024;
  return {
    figures: [
      figure('wall of the process', of('wallMs'), 'ms', { base: base('wallMs') }),
      figure('wall of the pass', of('passMs'), 'ms', { base: base('wallMs'), ...target }),
      figure('longest transaction', of('longestMs'), 'ms', { target: { most: 1000 } }),
      figure('WAL', of('wal') / mebibyte, 'MiB', {
        base: { what: 'one DELETE', value: base('wal').value / mebibyte },
      }),
    ],
    passMs: of('passMs'),
  };
}

/** Tokens in the order in which a bot made them: two fifths have expired, none will for a day, every second one was used. */
async function fill(stage: Stage, rows: number, shuffled: boolean): Promise<Database> {
  const db = await stage.server.create('tokens_template');
  await db.query(
    `insert into tokens (token, unique_id, created_by, status, created_at, expires_at)
     select md5(i::text), 'file_' || i % 1000, i % 100000, (array['verified', 'not_used', 'bypassed', 'not_used'])[i % 4 + 1],
            expires_at - interval '2 days', expires_at
     from (
       select i, now() - interval '2 days' + i * interval '5 days' / $1
                 + case when i > $1 * 0.4 then interval '1 day' else interval '0' end as expires_at
       from generate_series(1, $1::int) as i
     ) as made
     ${shuffled ? 'order by random()' : ''}`,
    [rows],
  );
  await db.query('vacuum (analyze, freeze) tokens');
  await db.leave();
  return db;
}

async function onCopy<T extends { wallMs: number }>(
  stage: Stage,
  work: (db: Database) => Promise<T>,
): Promise<T & { wal: number }> {
  const db = await stage.server.create('tokens_copy', 'tokens_template');
  await db.query('checkpoint');
  const before = await walBytes(db);
  const result = await work(db);
  const wal = (await walBytes(db)) - before;
  await db.drop();
  return { ...result, wal };
}

async function deletePlainly(db: Database): Promise<{ wallMs: number }> {
  const startedAt = performance.now();
  await db.query(`delete from tokens where status in ('verified', 'bypassed') and expires_at < now()`);
  return { wallMs: performance.now() - startedAt };
}

async function walBytes(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: string }>(`select pg_current_wal_insert_lsn() - '0/0' as bytes`);
  return Number(row?.bytes);
}
