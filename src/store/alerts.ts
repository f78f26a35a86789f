/**
 * What `doctor --alert` keeps of each channel. One process works on a channel at a time: it holds the row for a while, and whatever
 * it writes is written only while it does.
 */
import type { Connection } from './connect.ts';
import { instantText, readInstant, readInstantOrNull } from './instant.ts';

export type AlertChannel = 'telegram' | 'webhook';

/** A thing that is not well, told or not. */
export interface Sighting {
  since: Date;
  /** In a row. */
  times: number;
}

export interface AlertState {
  /** By name. */
  seen: ReadonlyMap<string, Sighting>;
  /** The alert that is open; null where none is. */
  open: OpenAlert | null;
}

export interface OpenAlert {
  /** The names of what it tells of. */
  told: readonly string[];
  text: string;
  openedAt: Date;
  /** When its last message was sent; an edit is none. */
  toldAt: Date;
  /** Where it stands; null where it cannot be edited or answered: no chat, or nobody knows whether it arrived. */
  message: { chatId: string; id: string } | null;
}

export interface AlertRow {
  state: AlertState;
  /** The database's clock. */
  now: Date;
  /** The schema of the bots' tables. */
  schema: string;
  /** A claim that nobody has settled: its message may or may not have arrived. */
  claimedAt: Date | null;
}

const unread: AlertState = { seen: new Map(), open: null };

const columns = `seen, told, text, ${instantText('opened_at')} as opened_at, ${instantText('told_at')} as told_at, chat_id,
  message_id::text, ${instantText('claimed_at')} as claimed_at`;

interface StandingRow extends Record<string, unknown> {
  schema: string;
  now: string;
  seen: unknown;
  told: unknown;
  text: string | null;
  opened_at: string | null;
  told_at: string | null;
  chat_id: string | null;
  message_id: string | null;
  claimed_at: string | null;
}

/** Reads what is kept of a channel, and holds nothing. */
export async function readAlert(connection: Connection, channel: AlertChannel): Promise<AlertRow> {
  const [row] = await connection.query<StandingRow>(
    `select schema, ${instantText('now()')} as now, ${columns}
     from (select $schema as schema) as place
     left join telesweep.alerts on schema_name = schema and channel = $1`,
    [channel],
  );
  if (row === undefined) throw new Error('the look at the alerts returned no row');
  return rowOf(row);
}

export interface Hold {
  channel: AlertChannel;
  /** Names this process. */
  holder: string;
}

/**
 * Takes hold of a channel for so long.
 * @returns null where another process holds it
 */
export async function holdAlert(
  connection: Connection,
  { channel, holder }: Hold,
  seconds: number,
): Promise<AlertRow | null> {
  const [row] = await connection.query<StandingRow>(
    `insert into telesweep.alerts as alert (schema_name, channel, holder, held_until)
     values ($schema, $1, $2, now() + make_interval(secs => $3))
     on conflict (schema_name, channel) do update set holder = excluded.holder, held_until = excluded.held_until
       where alert.held_until is null or alert.held_until <= now()
     returning schema_name as schema, ${instantText('now()')} as now, ${columns}`,
    [channel, holder, seconds],
  );
  return row === undefined ? null : rowOf(row);
}

export interface AlertWrite {
  state: AlertState;
  /** A message of this state is about to be sent: the commit is on disk when it is answered, whatever the role's settings. */
  claim: boolean;
  /** Nothing follows: the next process need not wait. */
  release: boolean;
}

/** @returns whether the channel was still held, and all is written */
export async function writeAlert(
  connection: Connection,
  { channel, holder }: Hold,
  { state, claim, release }: AlertWrite,
): Promise<boolean> {
  const { open } = state;
  const seen = Object.fromEntries(
    [...state.seen].map(([name, { since, times }]) => [name, { since: since.toISOString(), times }]),
  );
  const rows = await connection.query(
    `with durable as materialized (
       select case when $11 and current_setting('synchronous_commit') = 'off'
              then set_config('synchronous_commit', 'on', true) end as applied)
     update telesweep.alerts
     set seen = $3::jsonb, told = $4::jsonb, text = $5, opened_at = $6::timestamptz, told_at = $7::timestamptz,
         chat_id = $8, message_id = $9::bigint, claimed_at = case when $11 then now() end,
         holder = case when not $10 then holder end, held_until = case when not $10 then held_until end
     from durable
     where schema_name = $schema and channel = $1 and holder = $2 and held_until > now()
     returning durable.applied`,
    [
      channel,
      holder,
      JSON.stringify(seen),
      open === null ? null : JSON.stringify(open.told),
      open?.text ?? null,
      open?.openedAt.toISOString() ?? null,
      open?.toldAt.toISOString() ?? null,
      open?.message?.chatId ?? null,
      open?.message?.id ?? null,
      release,
      claim,
    ],
  );
  return rows.length > 0;
}

function rowOf(row: StandingRow): AlertRow {
  return {
    state: stateOf(row),
    now: readInstant(row.now),
    schema: row.schema,
    claimedAt: readInstantOrNull(row.claimed_at),
  };
}

/** What somebody else has written there counts as nothing seen and nothing told. */
function stateOf({ seen, told, text, opened_at, told_at, chat_id, message_id }: StandingRow): AlertState {
  if (seen === null) return unread;
  const isOpen = Array.isArray(told) && text !== null && opened_at !== null && told_at !== null;
  const message = chat_id === null || message_id === null ? null : { chatId: chat_id, id: message_id };
  return {
    seen: new Map(Object.entries(typeof seen === 'object' ? seen : {}).flatMap(sightingOf)),
    open: isOpen
      ? {
          told: told.filter((name: unknown) => typeof name === 'string'),
          text,
          openedAt: readInstant(opened_at),
          toldAt: readInstant(told_at),
          message,
        }
      : null,
  };
}

function sightingOf([name, value]: [string, unknown]): [string, Sighting][] {
  if (typeof value !== 'object' || value === null || !('since' in value) || !('times' in value)) return [];
  const { since, times } = value;
  const at = typeof since === 'string' ? new Date(since) : null;
  if (at === null || Number.isNaN(at.getTime()) || typeof times !== 'number') return [];
  return [[name, { since: at, times }]];
}
