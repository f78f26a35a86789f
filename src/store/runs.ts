import { hostname } from 'node:os';
import { RowRefusedError } from '../process/errors.ts';
import type { Backlog, CallCounts, JobName, Summary } from '../process/summary.ts';
import type { RememberedBot } from './bots.ts';
import type { Pause } from './budgets.ts';
import type { Connection } from './connect.ts';
import { addToDaily, firstOfDay } from './daily-counts.ts';
import { pruneFailed } from './failed-prune.ts';
import { instantText, readInstantOrNull } from './instant.ts';
import type { SqlFragment } from './sql-fragment.ts';
import { type Addition, addTotals } from './totals.ts';

/** A dead holder is replaced when its lease ends; a living one moves the end every 10 s. */
export const leaseSeconds = 45;
export const heartbeatMs = 10_000;

/** One that a pass has taken and that reaches further ahead means a clock that went back. */
export const longestLeaseSeconds = 2 * leaseSeconds;

/** ISO 8601 in UTC with microseconds, so that the same instant can go back into a statement. */
const isoNow = `to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/**
 * The commit does not wait for the disk, 1 ms or much more of an idle pass. A server that crashes within a second may lose it;
 * the next commit that waits, such as a tick before its calls, takes it along.
 */
const withoutDisk = `set_config('synchronous_commit', 'off', true)`;

export interface Opening {
  /** The database's clock, ISO 8601 with microseconds. */
  now: string;
  acquired: boolean;
  due: boolean;
  /** What is left where nothing is due: items that wait after a failure. Null where something is due. */
  backlog: Backlog | null;
  /** Who held the lease before this statement; null where nobody did. */
  holder: string | null;
  heldSince: Date | null;
  /** The pause that Telegram asked the bot's processes for. */
  pause: Pause;
  bot: RememberedBot;
}

/** What a job asks in the opening statement. */
export interface OpeningQuestions {
  due: SqlFragment;
  backlog: SqlFragment;
  /** The bot whose budget the job uses; null for none. */
  botId: string | null;
}

const ended = 'held.expires_at < clock_timestamp()';

/**
 * A lease that ends later than any pass asks for: a clock went back since. Its holder keeps it, but no longer than one taken now, and
 * renews it if it lives. Where no pass has a run of it somebody holds it by hand, and it stays.
 */
const isOfOtherClock = `(held.expires_at > clock_timestamp() + make_interval(secs => ${longestLeaseSeconds})
             and exists (select from telesweep.runs where runs.run_id = held.run_id))`;

/** Takes the lease, opens the run's record and asks whether anything is due: one statement. */
export async function openRun(
  connection: Connection,
  job: JobName,
  runId: string,
  { due, backlog, botId }: OpeningQuestions,
): Promise<Opening> {
  const n = due.values.length + backlog.values.length;
  const [row] = await connection.query<{
    now: string;
    acquired: boolean;
    due: boolean | null;
    backlog: BacklogRow | null;
    holder: string | null;
    held_since: string | null;
    paused: number | null;
    cooldown: boolean | null;
    username: string | null;
    worked: boolean | null;
    streak: number | null;
    one_by_one: boolean | null;
    sender: string | null;
    schema: string;
  }>(
    `with place as materialized (select $schema as schema, $today as today), written as (
       insert into telesweep.leases as held (schema_name, job, run_id, holder, acquired_at, expires_at)
       select schema, $${n + 1}, $${n + 2}, $${n + 3}, now(), clock_timestamp() + make_interval(secs => ${leaseSeconds}) from place
       on conflict (schema_name, job) do update
         set run_id = case when ${ended} then excluded.run_id else held.run_id end,
             holder = case when ${ended} then excluded.holder else held.holder end,
             acquired_at = case when ${ended} then excluded.acquired_at else held.acquired_at end,
             expires_at = excluded.expires_at
         where ${ended} or ${isOfOtherClock}
       returning run_id
     ), lease as (
       select from written where run_id = $${n + 2}
     ), run as (
       insert into telesweep.runs (run_id, schema_name, job, started_at)
       select $${n + 2}, schema, $${n + 1}, now() from place where exists (select from lease)
     ), asked as materialized (
       select (${due.text}) as due
     )
     select ${isoNow} as now, exists (select from lease) as acquired, asked.due,
            -- A case counts when it comes to it; a join counted a million due rows first, for nothing: 60 ms.
            case when not asked.due
              then (select to_json(counted) from (${renumbered(backlog, due.values.length)}) as counted)
            end as backlog,
            before.holder, ${instantText('before.acquired_at')} as held_since,
            extract(epoch from budget.paused_until - clock_timestamp())::numeric as paused,
            budget.cooldown_until > clock_timestamp() as cooldown,
            case when bot.asked_at > now() - interval '7 days' then nullif(bot.username, '') end as username,
            bot.worked_at > now() - interval '1 hour' as worked, bot.streak,
            bot.one_by_one and bot.asked_at > now() - interval '7 days' as one_by_one,
            sender.bot_id::text as sender, place.schema, ${withoutDisk}
     from asked cross join place
     -- Where it does not stand yet, the pass ends here, and not when its work is done.
     left join telesweep.totals on false
     left join telesweep.daily on false
     left join telesweep.leases as before on before.schema_name = place.schema and before.job = $${n + 1}
     left join telesweep.budgets as budget on budget.bot_id = $${n + 4}::bigint
     left join telesweep.bots as bot on bot.bot_id = $${n + 4}::bigint
     left join telesweep.senders as sender on sender.schema_name = place.schema and sender.job = $${n + 1}`,
    [...due.values, ...backlog.values, job, runId, `${hostname()} pid ${process.pid}`, botId],
  );
  if (row === undefined) throw new Error('the opening statement returned no row');
  connection.knowSchema(row.schema);
  const opening: Opening = {
    now: row.now,
    acquired: row.acquired,
    due: row.due === true,
    backlog: row.backlog === null ? null : backlogOf(row.backlog),
    holder: row.holder,
    heldSince: readInstantOrNull(row.held_since),
    pause: { seconds: Math.max(0, row.paused ?? 0), cooldown: row.cooldown === true },
    bot: {
      username: row.username,
      worked: row.worked === true,
      refusedInARow: row.streak ?? 0,
      oneByOne: row.one_by_one === true,
      sender: row.sender,
    },
  };
  // Two that start at the same instant: the statement of the second does not see the row for which it waited.
  return row.acquired || row.holder !== null ? opening : { ...opening, ...(await readHolder(connection, job)) };
}

/** Asks for what is left: items whose time has come and that are not settled. */
export async function readBacklog(connection: Connection, { text, values }: SqlFragment): Promise<Backlog> {
  const [row] = await connection.query<BacklogRow>(text, values);
  return backlogOf(row ?? { due: 0, oldest_due_seconds: 0 });
}

type BacklogRow = { due: number; oldest_due_seconds: number | null };

function backlogOf(row: BacklogRow): Backlog {
  return { due: row.due, oldest_due_seconds: Math.max(0, Math.round(row.oldest_due_seconds ?? 0)) };
}

/** The fragment's text with its `$1…$n` moved behind other values. */
function renumbered({ text }: SqlFragment, offset: number): string {
  return text.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + offset}`);
}

async function readHolder(
  connection: Connection,
  job: JobName,
): Promise<{ holder: string | null; heldSince: Date | null }> {
  const [row] = await connection.query<{ holder: string; held_since: string }>(
    `select holder, ${instantText('acquired_at')} as held_since from telesweep.leases where schema_name = $schema and job = $1`,
    [job],
  );
  return { holder: row?.holder ?? null, heldSince: readInstantOrNull(row?.held_since ?? null) };
}

/** Reads the database's clock and whether anything is due, without taking the lease: for a dry run. */
export async function readClock(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ now: string }>(`select ${isoNow} as now`);
  if (row === undefined) throw new Error('the clock returned no row');
  return row.now;
}

/** Moves the lease's end. @returns false when another process holds the lease now */
export async function renewLease(connection: Connection, job: JobName, runId: string): Promise<boolean> {
  const rows = await connection.query(
    `update telesweep.leases set expires_at = clock_timestamp() + make_interval(secs => ${leaseSeconds})
     where schema_name = $schema and job = $1 and run_id = $2 returning 1`,
    [job, runId],
  );
  return rows.length === 1;
}

/** How many days of history a closing pass of a job keeps. */
export interface Keep {
  runHistoryDays: number;
  failedDays: number;
  statsDays: number;
}

export interface Closing {
  summary: Summary;
  /** Null for a job that calls nobody. */
  botId: string | null;
  /** What the pass adds to the totals. */
  additions: readonly Addition[];
  /** Calls that no tick has added to the figures of the day. */
  uncounted: CallCounts;
  keep: Keep;
  /** Whether it must be on disk when the pass ends: what a pass with nothing due writes down is no loss. */
  durable: boolean;
}

export interface Closed {
  /** Why nothing was pruned, where the database does not let an item go; the record and the lease come first. */
  held: string | null;
  /** Nobody has written down yet how things stand on this day. */
  isFirstOfDay: boolean;
}

/**
 * Closes the run's record, gives the lease back, adds to the totals, and prunes runs and failed items of this job past their
 * time, and figures of days: one statement.
 */
export async function closeRun(connection: Connection, closing: Closing): Promise<Closed> {
  try {
    return { held: null, isFirstOfDay: await close(connection, closing, pruneFailed(closing.summary.job, '$14::int')) };
  } catch (error) {
    if (!(error instanceof RowRefusedError)) throw error;
    return { held: error.words, isFirstOfDay: await close(connection, closing, []) };
  }
}

async function close(
  connection: Connection,
  { summary, botId, additions, uncounted, keep, durable }: Closing,
  pruned: readonly { name: string; sql: string }[],
): Promise<boolean> {
  const prunings = pruned.map(({ name, sql }) => `, ${name} as (${sql})`);
  const [row] = await connection.query<{ first_of_day: boolean }>(
    `with released as (
       delete from telesweep.leases where schema_name = $schema and job = $1 and run_id = $2
     ), pruned as (
       delete from telesweep.runs where schema_name = $schema and job = $1 and started_at < now() - make_interval(days => $5) and run_id <> $2
     ), added as (${addTotals({ job: '$1', botId: '$7', names: '$8', labels: '$9', values: '$10' })}
     ), counted as (
       ${addToDaily(`select $today as day, metric, value from (values ('calls', $11::bigint), ('rate_limited', $12::bigint)) as made (metric, value)`)}
     ), forgotten as (
       delete from telesweep.daily where ctid = any(array(
         select ctid from telesweep.daily where schema_name = $schema and day < $today - $13::int for update skip locked))
     )${prunings.join('')}
     insert into telesweep.runs (run_id, schema_name, job, started_at, finished_at, outcome, summary)
     values ($2, $schema, $1, $6, clock_timestamp(), $3, $4)
     on conflict (run_id) do update
       set finished_at = excluded.finished_at, outcome = excluded.outcome, summary = excluded.summary
     returning not exists (
       select from telesweep.daily where schema_name = $schema and day = $today and metric = '${firstOfDay}') as first_of_day${durable ? '' : `, ${withoutDisk}`}`,
    [
      summary.job,
      summary.run_id,
      summary.outcome,
      JSON.stringify(summary),
      keep.runHistoryDays,
      summary.started_at,
      botId,
      additions.map(({ name }) => name),
      additions.map(({ label }) => label),
      additions.map(({ value }) => value),
      uncounted.calls,
      uncounted.rate_limited,
      keep.statsDays,
      ...(prunings.length === 0 ? [] : [keep.failedDays]),
    ],
  );
  return row?.first_of_day === true;
}
