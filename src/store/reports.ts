/**
 * What became of each report of `stats --send`, by the stretch of time that it tells of. A report is claimed before it is sent, so that
 * a lost answer or a killed process leaves one that may have arrived, and that is not sent again.
 */
import type { Connection } from './connect.ts';

export type ReportState = 'sending' | 'sent' | 'failed' | 'uncertain';

/** `day`, `week` or `month`, and its first day. */
export interface ReportKey {
  stretch: string;
  began: string;
}

export interface StandingReport extends ReportKey {
  /** A claim whose holder has had its time is `uncertain`. */
  state: ReportState;
  error: string | null;
}

const lostWords = 'the process that was sending it ended before the answer came';

/** A claim that nobody will settle any more. */
const isLost = `state = 'sending' and held_until <= now()`;

const columns = `stretch, to_char(began, 'YYYY-MM-DD') as began, case when ${isLost} then 'uncertain' else state end as state,
       case when ${isLost} then '${lostWords}' else error end as error`;

export async function readReport(
  connection: Connection,
  { stretch, began }: ReportKey,
): Promise<StandingReport | null> {
  const [row] = await connection.query<StandingReport & Record<string, unknown>>(
    `select ${columns} from telesweep.reports
     where schema_name = $schema and stretch = $1 and began = $2::date`,
    [stretch, began],
  );
  return row ?? null;
}

/** The latest of each kind of stretch. */
export function readLastReports(connection: Connection): Promise<StandingReport[]> {
  return connection.query<StandingReport & Record<string, unknown>>(
    `select distinct on (stretch) ${columns} from telesweep.reports
     where schema_name = $schema order by telesweep.reports.stretch, telesweep.reports.began desc`,
  );
}

/** Settles the claim of a process that ended. @returns whether this call has done it, so that one process tells of it */
export async function giveUpReport(connection: Connection, { stretch, began }: ReportKey): Promise<boolean> {
  const rows = await connection.query(
    `update telesweep.reports set state = 'uncertain', error = '${lostWords}', changed_at = now()
     where schema_name = $schema and stretch = $1 and began = $2::date and ${isLost}
     returning state`,
    [stretch, began],
  );
  return rows.length > 0;
}

export interface ReportClaim extends ReportKey {
  chatId: string;
  /** Names this process. */
  holder: string;
  /** Until others may take it for dead. */
  seconds: number;
}

/**
 * Claims a report that nobody has claimed, or that failed; the commit is on disk when it is answered, whatever the role's settings.
 * @returns whether it may be sent now
 */
export async function claimReport(connection: Connection, claim: ReportClaim): Promise<boolean> {
  const rows = await connection.query(
    `with durable as materialized (
       select case when current_setting('synchronous_commit') = 'off'
              then set_config('synchronous_commit', 'on', true) end as applied)
     insert into telesweep.reports as report (schema_name, stretch, began, state, chat_id, holder, held_until)
     select $schema, $1, $2::date, 'sending', $3, $4, now() + make_interval(secs => $5::float8)
     from (select count(applied) from durable) as committed
     on conflict (schema_name, stretch, began) do update
       set state = 'sending', chat_id = excluded.chat_id, message_id = null, error = null, holder = excluded.holder,
           held_until = excluded.held_until, changed_at = now()
       where report.state = 'failed'
     returning state`,
    [claim.stretch, claim.began, claim.chatId, claim.holder, claim.seconds],
  );
  return rows.length > 0;
}

export interface ReportResult {
  state: Exclude<ReportState, 'sending'>;
  messageId: number | null;
  error: string | null;
}

/** Writes down what became of a claim; also where others took its holder for dead meanwhile: it knows better. */
export async function settleReport(
  connection: Connection,
  { stretch, began, holder }: Pick<ReportClaim, 'stretch' | 'began' | 'holder'>,
  { state, messageId, error }: ReportResult,
): Promise<void> {
  await connection.query(
    `update telesweep.reports set state = $4, message_id = $5::bigint, error = $6, changed_at = now()
     where schema_name = $schema and stretch = $1 and began = $2::date and holder = $3`,
    [stretch, began, holder, state, messageId, error],
  );
}
