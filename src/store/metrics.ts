import type { JobMetrics, Total } from '../output/metrics-sample.ts';
import type { JobName } from '../process/summary.ts';
import type { Connection } from './connect.ts';

/** What runs, totals and budgets tell of a job. */
type JobRecord = Pick<
  JobMetrics,
  'lastSuccess' | 'lastCompletion' | 'lastDurationSeconds' | 'lastExitCode' | 'pausedUntil' | 'totals'
>;

interface Row extends Record<string, unknown> {
  schema: string;
  read_at: number;
  success: number | null;
  completion: number | null;
  duration: number | null;
  exit_code: number | null;
  paused_until: number | null;
  totals: { bot: string; name: string; label: string; value: number }[];
}

/** A pass that merely found another at work is not counted as a run of the job. */
const ran = `name = 'passes' and label not like 'skipped %'`;

const ofJob = 'schema_name = place.schema and totals.job = asked.job';

/** Reads them for each job and its bot, in their order. Runs are asked where a job has no totals yet. */
export async function readRecords(
  connection: Connection,
  asked: readonly { job: JobName; botId: string | null }[],
): Promise<{ schema: string; readAt: number; records: JobRecord[] }> {
  const rows = await connection.query<Row>(
    `with place as materialized (select $schema as schema)
     -- Before the snapshot: what a later reading tells of, an earlier one never does.
     select place.schema, extract(epoch from now())::float8 as read_at,
            extract(epoch from coalesce(
              (select max(changed_at) from telesweep.totals where ${ofJob} and ${ran} and label like '% 0'),
              (select finished_at from telesweep.runs
               where schema_name = place.schema and job = asked.job and outcome = 'ok' and finished_at is not null
               order by started_at desc limit 1)))::float8 as success,
            extract(epoch from coalesce(
              (select max(changed_at) from telesweep.totals where ${ofJob} and ${ran}), last.finished_at))::float8 as completion,
            last.duration,
            (select split_part(label, ' ', 2)::int from telesweep.totals where ${ofJob} and ${ran}
             order by changed_at desc limit 1) as exit_code,
            extract(epoch from case when paused_until > clock_timestamp() then paused_until end)::float8 as paused_until,
            coalesce((
              select json_agg(json_build_object('bot', bot_id::text, 'name', name, 'label', label, 'value', value)
                order by name, label, bot_id)
              from telesweep.totals where ${ofJob}), '[]') as totals
     from unnest($1::text[], $2::bigint[]) with ordinality as asked (job, bot_id, n)
     cross join place
     left join lateral (
       select finished_at, (summary ->> 'duration_ms')::float8 / 1000 as duration from telesweep.runs
       where schema_name = place.schema and job = asked.job and finished_at is not null and outcome <> 'skipped'
       order by started_at desc limit 1) as last on true
     left join telesweep.budgets as budget on budget.bot_id = asked.bot_id
     order by asked.n`,
    [asked.map(({ job }) => job), asked.map(({ botId }) => botId)],
  );
  const [first] = rows;
  return {
    schema: first?.schema ?? '',
    readAt: first?.read_at ?? 0,
    records: rows.map(({ success, completion, duration, exit_code, paused_until, totals }) => ({
      lastSuccess: success,
      lastCompletion: completion,
      lastDurationSeconds: duration,
      lastExitCode: exit_code,
      pausedUntil: paused_until ?? 0,
      totals: totals.map(({ bot, ...total }): Total => ({ ...total, botId: bot === '0' ? null : bot })),
    })),
  };
}
