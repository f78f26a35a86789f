/** How a server and a role are set where it matters to what telesweep promises, and what a clock that went back has left: for `doctor`. */
import { isFarAhead } from './budgets.ts';
import type { Connection } from './connect.ts';
import { longestLeaseSeconds } from './runs.ts';

export interface Habits {
  fsync: boolean;
  /** Of this session, and so of the role. */
  synchronous_commit: string;
  isolation: string;
  /** After so many seconds without a statement the server ends a session; 0 for never. */
  idle_seconds: number;
  /** From another machine, in plain text. */
  plain_text: boolean;
}

export async function readHabits(connection: Connection): Promise<Habits | null> {
  const [row] = await connection.query<Habits & Record<string, unknown>>(
    `select current_setting('fsync')::boolean as fsync, current_setting('synchronous_commit') as synchronous_commit,
            current_setting('default_transaction_isolation') as isolation,
            (select setting::float8 / 1000 from pg_settings where name = 'idle_session_timeout') as idle_seconds,
            inet_client_addr() is not null and not inet_client_addr() <<= '127.0.0.0/8' and inet_client_addr() <> '::1'
              and exists (select from pg_stat_ssl where pid = pg_backend_pid() and not ssl) as plain_text`,
  );
  return row ?? null;
}

export interface Ahead {
  /** `the budget of bot 12`, `the lease of delete-due` */
  what: string;
  seconds: number;
  /** No pass has taken it: somebody holds it by hand. */
  by_hand: boolean;
}

/** Reservations and leases further ahead than any honest one. @param rate calls a second */
export function readFarAhead(connection: Connection, rate: number): Promise<(Ahead & Record<string, unknown>)[]> {
  return connection.query<Ahead & Record<string, unknown>>(
    `select 'the budget of bot ' || bot_id as what, false as by_hand,
            extract(epoch from next_call_at - clock_timestamp())::float8 as seconds
     from telesweep.budgets
     where ${isFarAhead}
     union all
     select 'the lease of ' || job, not exists (select from telesweep.runs where run_id = lease.run_id),
            extract(epoch from expires_at - clock_timestamp())::float8
     from telesweep.leases as lease where schema_name = $schema and expires_at > clock_timestamp() + make_interval(secs => ${longestLeaseSeconds})
     order by 1`,
    [rate],
  );
}
