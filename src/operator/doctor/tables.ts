import type { Job } from '../../job/job.ts';
import { SettingsError } from '../../process/errors.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { readMissingRights } from '../../tables/rights.ts';
import { planMigration } from '../migrate/plan-migration.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

/** Steps of `migrate` that are told of one by one. */
const mostSteps = 5;

/** Tables, columns, defaults, keys and indexes: whatever `telesweep migrate` would still do. */
export async function checkTables(connection: Connection, { schema }: Pick<Settings, 'schema'>): Promise<Finding[]> {
  const check = 'tables';
  try {
    const { steps } = await planMigration(await connection.kysely(), false, schema);
    if (steps.length === 0) return [fine(check, 'every table, column and index stands')];
    const told = steps.slice(0, mostSteps).map(({ what }) => what);
    const more = steps.length > mostSteps ? `, and ${steps.length - mostSteps} more` : '';
    return [fault(check, `not all is migrated; missing: ${told.join(', ')}${more}`, 'telesweep migrate')];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.map((problem) => fault(check, problem, 'see telesweep migrate --dry-run'));
  }
}

/** What the role of `DATABASE_URL` lacks. */
export async function checkRights(
  connection: Connection,
  jobs: readonly Job[],
  settings: Pick<Settings, 'alertChatId' | 'alertWebhookUrl' | 'alertBotToken' | 'statsChatId' | 'telegramBotToken'>,
): Promise<Finding[]> {
  const check = 'rights';
  const { alertChatId, alertWebhookUrl, alertBotToken, statsChatId, telegramBotToken } = settings;
  const alerts =
    alertChatId === null && alertWebhookUrl === null ? [] : [{ name: 'doctor --alert', token: alertBotToken }];
  const reports = statsChatId === null ? [] : [{ name: 'stats --send', token: telegramBotToken }];
  const { role, missing, hidden } = await readMissingRights(connection, [...jobs, ...alerts, ...reports]);
  const findings = missing.map(({ rights, on, jobs: users }) => {
    const text = `role ${role} lacks ${rights} on ${on}, for ${users?.join(' and ') ?? 'every job'}`;
    return fault(check, text, `grant ${rights} on ${on} to ${role}`);
  });
  for (const table of hidden) {
    findings.push(
      warning(
        check,
        `row security may hide rows of ${table} from role ${role}`,
        `alter role ${role} bypassrls, or add a policy`,
      ),
    );
  }
  return findings.length === 0 ? [fine(check, `role ${role} has what the jobs need`)] : findings;
}
