import type { Job } from '../../job/job.ts';
import { formatCount } from '../../output/format.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Mistakes, readTooLate, readWithoutLedger } from '../../store/bots-mistakes.ts';
import type { Connection } from '../../store/connect.ts';
import { countFailed } from '../../store/failed-items.ts';
import { readOrphans } from '../../store/orphans.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** What bots have laid out: rows that can only fail, and what has failed. */
export async function checkWork(connection: Connection, jobs: readonly Job[], settings: Settings): Promise<Finding[]> {
  const names = jobs.map(({ name }) => name);
  const findings: Finding[] = [];
  if (names.includes('delete-due')) {
    findings.push(tooLate('records', 'pending_deletions', await readTooLate(connection, 'pending_deletions')));
  }
  if (names.includes('delete-broadcasts')) {
    findings.push(tooLate('broadcasts', 'broadcasts', await readTooLate(connection, 'broadcasts')));
    findings.push(ledgers(await readWithoutLedger(connection)));
    findings.push(...orphans(await readOrphans(connection)));
  }
  findings.push(await failed(connection, names, settings));
  return findings;
}

function tooLate(check: string, table: string, { rows, ids }: Mistakes): Finding {
  if (rows === 0) return fine(check, 'each is to be deleted within 48 hours of its sending');
  const text = `${named(rows, check, ids)}: to be deleted more than 48 hours after sending, when Telegram refuses to`;
  return warning(check, text, `let the bot write an earlier ${table}.delete_at`);
}

function ledgers({ rows, ids }: Mistakes): Finding {
  if (rows === 0) return fine('ledgers', 'each broadcast that expires within a day has one');
  const text = `${named(rows, 'broadcasts', ids)}: no row in broadcast_messages, so nobody knows what to delete`;
  return fault('ledgers', text, 'let the bot write a row for each message as it sends');
}

function orphans({ rows, ids }: Mistakes): Finding[] {
  if (rows === 0) return [];
  const whose = `of ${ids.length === 1 ? 'broadcast' : 'broadcasts'} ${ids.join(', ')}${ids.length === 5 ? ', …' : ''}`;
  const text = `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'} ${whose}, which somebody removed: their messages are left alone`;
  return [
    warning('ledgers', text, 'delete the rows if the messages are to stay, or write the broadcast again with its id'),
  ];
}

async function failed(connection: Connection, jobs: readonly string[], settings: Settings): Promise<Finding> {
  const all = await countFailed(connection, { job: null, reason: null, olderThanSeconds: 0 }, settings.failedDays);
  const counts = all.filter(({ job }) => jobs.includes(job));
  if (counts.length === 0) return fine('failed items', 'there are none');
  const told = counts.map(({ job, reason, items }) => `${formatCount(items)} ${reason} (${job})`);
  return warning('failed items', told.join(', '), 'telesweep failed list');
}

/** `3 broadcasts (12, 15, 18)` */
function named(rows: number, what: string, ids: readonly string[]): string {
  const more = rows > ids.length ? ', …' : '';
  return `${formatCount(rows)} ${rows === 1 ? what.replace(/s$/, '') : what} (${ids.join(', ')}${more})`;
}
