import { formatDuration } from '../../output/format.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { readFarAhead, readHabits } from '../../store/habits.ts';
import { type Finding, fine, warning } from './finding.ts';

const check = 'session';

/** A pass that waits for Telegram moves its lease every 10 s, and has no other statement. */
const leastIdleSeconds = 15;

/** Settings of the server and the role that weaken what telesweep or a bot relies on. */
export async function checkHabits(connection: Connection): Promise<Finding[]> {
  const habits = await readHabits(connection);
  if (habits === null) return [];
  const findings: Finding[] = [];
  if (!habits.fsync) {
    const text = 'fsync is off: after a crash of the machine a notice may be sent twice, or the whole database be lost';
    findings.push(warning(check, text, 'fsync = on'));
  }
  if (habits.synchronous_commit === 'off') {
    const text =
      "synchronous_commit is off: telesweep's claims are on disk all the same, a bot's last rows may be lost";
    findings.push(warning(check, text, 'alter role … set synchronous_commit = on'));
  }
  if (habits.isolation !== 'read committed') {
    const text = `transactions are ${habits.isolation} by default: telesweep asks again where two clash; does the bot?`;
    findings.push(warning(check, text, "alter role … set default_transaction_isolation = 'read committed'"));
  }
  if (habits.idle_seconds > 0 && habits.idle_seconds < leastIdleSeconds) {
    const text = `idle_session_timeout is ${habits.idle_seconds} s: it ends a pass that waits for Telegram, with 69`;
    findings.push(warning(check, text, `alter role … set idle_session_timeout = '${leastIdleSeconds}s', or more`));
  }
  if (habits.plain_text) {
    const text = 'the server is another machine, and all that is asked and answered goes there in plain text';
    findings.push(warning(check, text, 'sslmode=verify-full in DATABASE_URL, unless the network between is your own'));
  }
  return findings.length === 0 ? [fine(check, 'the server and the role are set as telesweep expects')] : findings;
}

/** What a clock that went back has left: the next pass sets it right, so long as nobody holds it by hand. */
export async function checkFarAhead(connection: Connection, { ratePerSecond }: Settings): Promise<Finding[]> {
  const ahead = await readFarAhead(connection, ratePerSecond);
  return ahead.map(({ what, seconds, by_hand }) => {
    const text = `${what} reaches ${formatDuration(seconds * 1000)} ahead`;
    if (by_hand) return warning('clock', `${text}: somebody holds it by hand`, 'delete the row to let the job run');
    return warning('clock', `${text}: the clock of the database went back`, 'the next pass sets it right');
  });
}
