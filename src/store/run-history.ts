import type { JobName } from '../process/summary.ts';
import type { Connection } from './connect.ts';
import { instantText, readInstant, readInstantOrNull } from './instant.ts';

/** A pass that ended and had the lease. */
export interface EndedRun {
  run_id: string;
  started_at: Date;
  finished_at: Date;
  outcome: string;
  /** Empty where the record does not tell. */
  stop_reason: string;
  error: string | null;
  /** What was due when it ended, waits after a failure included. */
  left: number;
  summary: unknown;
}

/** What the runs and the lease of a job tell about it. */
export interface JobHistory {
  job: JobName;
  /** Of the bot's tables. */
  schema: string;
  /** The last pass that ended and did not merely find another at work; null where there is none. */
  last: EndedRun | null;
  /** The one before it. */
  before_last: EndedRun | null;
  /** When the last pass of any kind began that ended. */
  last_seen_at: Date | null;
  /** When the last pass of any kind began. */
  begun_at: Date | null;
  /** Passes after `last` that never ended and are not under way: killed, or cut off from the database. */
  cut_off: number;
  /** Bad passes in a row up to now: in an error, cut off, or stopped by a signal or a lost lease with work left. */
  bad_runs: number;
  /** When the first of them began. */
  bad_since: Date | null;
  /** When the first of those in a row began that said `done` and left work. */
  left_since: Date | null;
  holder: string | null;
  held_since: Date | null;
  /** No pass has taken the lease. */
  held_by_hand: boolean;
}

interface Row extends Record<string, unknown> {
  job: JobName;
  schema: string;
  ended: RunRow[] | null;
  last_seen_at: string | null;
  begun_at: string | null;
  cut_off: number;
  bad_runs: number;
  bad_since: string | null;
  left_since: string | null;
  holder: string | null;
  held_since: string | null;
  held_by_hand: boolean;
}

interface RunRow {
  run_id: string;
  started_at: string;
  finished_at: string;
  outcome: string;
  summary: unknown;
}

/** It had the lease and ended. */
const ended = `finished_at is not null and outcome <> 'skipped'`;
const leftWork = `coalesce(summary #> '{left,due}' > '0', false)`;
const isBad = `(finished_at is null or (outcome = 'failed' and coalesce(summary ? 'error', false))
  or (outcome = 'interrupted' and coalesce(summary ->> 'stop_reason' in ('signal', 'lease_lost'), false) and ${leftWork}))`;
const isLeaving = `(${ended} and coalesce(summary ->> 'stop_reason' = 'done', false) and ${leftWork})`;

/** Bad passes since the last one that was not, but for the one that holds the lease. */
const badRuns = (job: string, holding: string): string => `
  select count(*)::int as runs, min(started_at) as since from telesweep.runs
  where schema_name = $schema and job = ${job} and outcome is distinct from 'skipped' and run_id is distinct from ${holding}
    and started_at > coalesce((
      select started_at from telesweep.runs where schema_name = $schema and job = ${job} and ${ended} and not ${isBad}
      order by started_at desc limit 1), '-infinity')`;

export async function readHistory(connection: Connection, jobs: readonly JobName[]): Promise<JobHistory[]> {
  // One name in the statement, in place of the question for it in ten places.
  await connection.schema();
  const rows = await connection.query<Row>(
    `select asked.job, $schema as schema, (
              select json_agg(json_build_object(
                'run_id', run_id, 'started_at', ${instantText('started_at')}, 'finished_at', ${instantText('finished_at')},
                'outcome', outcome, 'summary', summary) order by started_at desc)
              from (select * from telesweep.runs where schema_name = $schema and job = asked.job and ${ended}
                    order by started_at desc limit 2) as run
            ) as ended,
            ${instantText('seen.started_at')} as last_seen_at, ${instantText('begun.started_at')} as begun_at,
            cut.runs as cut_off, bad.runs as bad_runs, ${instantText('bad.since')} as bad_since,
            ${instantText('leaving.since')} as left_since, lease.holder, ${instantText('lease.acquired_at')} as held_since,
            lease.job is not null and not exists (
              select from telesweep.runs where run_id = lease.run_id) as held_by_hand
     from unnest($1::text[]) with ordinality as asked (job, place)
     left join telesweep.leases as lease on lease.schema_name = $schema and lease.job = asked.job and lease.expires_at > clock_timestamp()
     left join lateral (
       select started_at from telesweep.runs
       where schema_name = $schema and job = asked.job and finished_at is not null order by started_at desc limit 1) as seen on true
     left join lateral (
       select started_at from telesweep.runs where schema_name = $schema and job = asked.job order by started_at desc limit 1) as begun on true
     cross join lateral (
       select count(*)::int as runs from telesweep.runs
       where schema_name = $schema and job = asked.job and finished_at is null and run_id is distinct from lease.run_id
         and started_at > coalesce((
           select started_at from telesweep.runs where schema_name = $schema and job = asked.job and ${ended}
           order by started_at desc limit 1), '-infinity')) as cut
     cross join lateral (${badRuns('asked.job', 'lease.run_id')}) as bad
     cross join lateral (
       select min(started_at) as since from telesweep.runs
       where schema_name = $schema and job = asked.job and ${ended}
         and started_at > coalesce((
           select started_at from telesweep.runs where schema_name = $schema and job = asked.job and ${ended} and not ${isLeaving}
           order by started_at desc limit 1), '-infinity')) as leaving
     order by asked.place`,
    [[...jobs]],
  );
  return rows.map(({ job, schema, ended, cut_off, bad_runs, holder, held_by_hand, ...times }) => ({
    job,
    schema,
    last: endedRun(ended?.[0]),
    before_last: endedRun(ended?.[1]),
    last_seen_at: readInstantOrNull(times.last_seen_at),
    begun_at: readInstantOrNull(times.begun_at),
    cut_off,
    bad_runs,
    bad_since: readInstantOrNull(times.bad_since),
    left_since: readInstantOrNull(times.left_since),
    holder,
    held_since: readInstantOrNull(times.held_since),
    held_by_hand,
  }));
}

/** Since when the passes of a job are bad, one after another; null where the last one was not. */
export async function readBadSince(connection: Connection, job: JobName): Promise<Date | null> {
  const [row] = await connection.query<{ since: string | null }>(
    `select ${instantText('bad.since')} as since from (${badRuns('$1', "''")}) as bad`,
    [job],
  );
  return readInstantOrNull(row?.since ?? null);
}

function endedRun(row: RunRow | undefined): EndedRun | null {
  if (row === undefined) return null;
  const { run_id, started_at, finished_at, outcome, summary } = row;
  const told = recordOf(summary);
  const { due } = recordOf(told.left);
  return {
    run_id,
    started_at: readInstant(started_at),
    finished_at: readInstant(finished_at),
    outcome,
    stop_reason: textOf(told.stop_reason) ?? '',
    error: textOf(told.error),
    left: typeof due === 'number' ? due : 0,
    summary,
  };
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** When passes of a job began since an instant, oldest first. */
export async function readStarts(connection: Connection, job: JobName, since: Date): Promise<Date[]> {
  const rows = await connection.query<{ started_at: string }>(
    `select ${instantText('started_at')} as started_at from telesweep.runs
     where schema_name = $schema and job = $1 and started_at >= $2 order by telesweep.runs.started_at`,
    [job, since.toISOString()],
  );
  return rows.map((row) => readInstant(row.started_at));
}
