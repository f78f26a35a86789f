import type { JobName } from '../process/summary.ts';
import type { Connection } from './connect.ts';
import { instantText, readInstant, readInstantOrNull } from './instant.ts';

/** What the runs and the lease of a job tell about it. */
export interface JobHistory {
  job: JobName;
  /** The last pass that ended and did not merely find another at work; null where there is none. */
  last: { run_id: string; started_at: Date; finished_at: Date; outcome: string; summary: unknown } | null;
  /** When the last pass of any kind began that ended. */
  last_seen_at: Date | null;
  /** Passes after `last` that never ended and are not under way: killed, or cut off from the database. */
  cut_off: number;
  holder: string | null;
  held_since: Date | null;
}

interface Row extends Record<string, unknown> {
  job: JobName;
  run_id: string | null;
  started_at: string;
  finished_at: string;
  outcome: string;
  summary: unknown;
  last_seen_at: string | null;
  cut_off: number;
  holder: string | null;
  held_since: string | null;
}

export async function readHistory(connection: Connection, jobs: readonly JobName[]): Promise<JobHistory[]> {
  const rows = await connection.query<Row>(
    `select asked.job, last.run_id, last.outcome, last.summary, ${instantText('last.started_at')} as started_at,
            ${instantText('last.finished_at')} as finished_at, ${instantText('seen.started_at')} as last_seen_at,
            cut.runs as cut_off, lease.holder, ${instantText('lease.acquired_at')} as held_since
     from unnest($1::text[]) with ordinality as asked (job, place)
     left join lateral (
       select run_id, started_at, finished_at, outcome, summary from telesweep.runs
       where job = asked.job and finished_at is not null and outcome <> 'skipped'
       order by started_at desc limit 1) as last on true
     left join lateral (
       select started_at from telesweep.runs
       where job = asked.job and finished_at is not null order by started_at desc limit 1) as seen on true
     left join telesweep.leases as lease on lease.job = asked.job and lease.expires_at > clock_timestamp()
     cross join lateral (
       select count(*)::int as runs from telesweep.runs
       where job = asked.job and finished_at is null and run_id is distinct from lease.run_id
         and started_at > coalesce(last.started_at, '-infinity')) as cut
     order by asked.place`,
    [[...jobs]],
  );
  return rows.map(({ job, run_id, started_at, finished_at, outcome, summary, ...rest }) => ({
    job,
    last:
      run_id === null
        ? null
        : { run_id, started_at: readInstant(started_at), finished_at: readInstant(finished_at), outcome, summary },
    last_seen_at: readInstantOrNull(rest.last_seen_at),
    cut_off: rest.cut_off,
    holder: rest.holder,
    held_since: readInstantOrNull(rest.held_since),
  }));
}

/** When passes of a job began since an instant, oldest first. */
export async function readStarts(connection: Connection, job: JobName, since: Date): Promise<Date[]> {
  const rows = await connection.query<{ started_at: string }>(
    `select ${instantText('started_at')} as started_at from telesweep.runs
     where job = $1 and started_at >= $2 order by telesweep.runs.started_at`,
    [job, since.toISOString()],
  );
  return rows.map((row) => readInstant(row.started_at));
}
