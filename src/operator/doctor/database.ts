import { formatDuration } from '../../output/format.ts';
import { UnavailableError } from '../../process/errors.ts';
import { version } from '../../process/version.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Connection, readOnly } from '../../store/connect.ts';
import { instantText, readInstant } from '../../store/instant.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** The versions that telesweep is tested with. */
const oldestServer = 14;
const newestServer = 18;
const oldestNode = [20, 19] as const;

export function checkProgram(): Finding {
  const text = `telesweep ${version} on Node.js ${process.versions.node}`;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return old
    ? fault('program', `${text} is too old`, `run it on Node.js ${oldestNode.join('.')} or later`)
    : fine('program', text);
}

export async function checkServer(connection: Connection): Promise<Finding[]> {
  const [row] = await connection.query<{
    version: number;
    text: string;
    role: string;
    database: string;
    standby: boolean;
    read_only: boolean;
  }>(
    `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_version') as text,
            current_user as role, current_database() as database, pg_is_in_recovery() as standby,
            current_setting('default_transaction_read_only')::boolean as read_only`,
  );
  if (row === undefined) throw new UnavailableError('the database told nothing about itself');
  const text = `PostgreSQL ${row.text}, database ${row.database}, role ${row.role}`;
  const findings: Finding[] = [];
  if (row.version < oldestServer) {
    findings.push(fault('database', `${text}: too old`, `upgrade to PostgreSQL ${oldestServer} or later`));
  } else if (row.version > newestServer) {
    findings.push(warning('database', `${text}: newer than what telesweep is tested with (${newestServer})`, null));
  } else findings.push(fine('database', text));
  if (row.standby) {
    findings.push(fault('database', 'it is a standby, which takes no changes', 'let DATABASE_URL name the primary'));
  } else if (row.read_only) {
    const wayOut = `alter role ${row.role} set default_transaction_read_only = off, or mend the server's setting`;
    findings.push(fault('database', 'default_transaction_read_only is on, so no job can change anything', wayOut));
  }
  return findings;
}

const tolerableMs = 2_000;
const badMs = 60_000;

/** Cron goes by the host's clock and the jobs by the database's: early at midnight, a daily job finds nothing to do. */
export async function checkClock(connection: Connection): Promise<Finding[]> {
  const before = Date.now();
  const [row] = await connection.query<{ now: string }>(`select ${instantText('clock_timestamp()')} as now`);
  const after = Date.now();
  const ahead = (row === undefined ? 0 : readInstant(row.now).getTime()) - (before + after) / 2;
  const roundTrip = after - before;
  const apart = Math.max(0, Math.abs(ahead) - roundTrip / 2);
  if (apart < tolerableMs)
    return [fine('clock', `this host and the database agree within ${formatDuration(Math.max(apart, roundTrip))}`)];
  const text = `the database is ${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} this host`;
  const found = apart < badMs ? warning : fault;
  return [found('clock', text, 'cron goes by the one and the jobs by the other: let NTP set both')];
}

/** The server may know fewer time zones than Node. */
export async function checkTimeZone(connection: Connection, { timeZone }: Settings): Promise<Finding[]> {
  const [row] = await readOnly(connection, () =>
    connection.query<{ local: string }>(`select to_char(now() at time zone $1, 'YYYY-MM-DD HH24:MI') as local`, [
      timeZone,
    ]),
  );
  return [fine('time zone', `it is ${row?.local ?? ''} in ${timeZone}`)];
}
