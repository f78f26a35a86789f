import type { Job } from '../../job/job.ts';
import { errorText } from '../../process/error-text.ts';
import { SettingsError } from '../../process/errors.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import type { BotPlace, Settings } from '../../settings/settings.ts';
import { readPauses } from '../../store/budgets.ts';
import { type Connection, connect, readOnly } from '../../store/connect.ts';
import { statementTimeoutMs } from '../command.ts';
import type { Health } from '../health/verdict.ts';
import { checkBots } from './bots.ts';
import { checkClock, checkProgram, checkServer, checkTimeZone } from './database.ts';
import { type Finding, fault } from './finding.ts';
import { checkGuides } from './guides.ts';
import { checkFarAhead, checkHabits } from './habits.ts';
import { checkReports } from './reports.ts';
import { checkHealth } from './schedule.ts';
import { checkSenders } from './senders.ts';
import { checkAllSettings } from './settings.ts';
import { checkRights, checkTables } from './tables.ts';
import { checkTies } from './ties.ts';
import { checkWork } from './work.ts';

export interface Request {
  envFile: string | null;
  /** Where the env file is one of a directory. */
  bot?: BotPlace | undefined;
  jobs: readonly Job[];
  /** Null for all that are used. */
  asked: readonly Job[] | null;
}

/**
 * Looks at everything that the jobs need, as far as the settings allow. Reads alone: the database refuses a change, and
 * Telegram is asked getMe, getChat and getChatMember. Never throws; findings hold no secret.
 */
export async function examine(request: Request, world: World): Promise<Examined> {
  const { settings, findings: ofSettings } = checkAllSettings({ ...request, env: world.env });
  const jobs = request.asked ?? request.jobs.filter(({ optional }) => optional?.isUsed(settings) !== false);
  const { findings: ofDatabase, pauses, healths } = await examineDatabase(settings, request.jobs, jobs, world.signal);
  const ofTelegram = await attempt('bot', () => checkBots({ settings, jobs, pauses, signal: world.signal }));
  const findings = [checkProgram(), ...ofSettings, ...ofDatabase, ...ofTelegram];
  return { settings, findings: findings.map((finding) => hide(finding, settings)), healths };
}

/** What was found, and how the jobs stand; none where that could not be read, which is a finding. */
export interface Examined {
  settings: Settings;
  findings: Finding[];
  healths: Health[];
}

interface DatabaseFindings extends Omit<Examined, 'settings'> {
  pauses: ReadonlyMap<string, Date>;
}

async function examineDatabase(
  settings: Settings,
  everyJob: readonly Job[],
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<DatabaseFindings> {
  const nothing: DatabaseFindings = { findings: [], healths: [], pauses: new Map() };
  if (settings.database.connectionString === undefined) return nothing;
  let connection: Connection;
  try {
    connection = await connect(settings.database, { statementTimeoutMs, signal });
  } catch (error) {
    return { ...nothing, findings: [unexpected('database', error)] };
  }
  try {
    const read = (check: string, work: () => Promise<Finding[]>) => attempt(check, () => readOnly(connection, work));
    let healths: Health[] = [];
    const findings = [
      ...(await attempt('database', () => checkServer(connection))),
      ...(await read('session', () => checkHabits(connection))),
      ...(await attempt('clock', () => checkClock(connection))),
      ...(await read('clock', () => checkFarAhead(connection, settings))),
      ...(await attempt('time zone', () => checkTimeZone(connection, settings))),
      ...(await attempt('tables', () => checkTables(connection, settings))),
      ...(await read('ties', () => checkTies(connection, settings))),
      ...(await read('rights', () => checkRights(connection, jobs, settings))),
      ...(await read('sender', () => checkSenders(connection, jobs, settings))),
      ...(await read('work', () => checkWork(connection, jobs, settings))),
      ...(jobs.some(({ namesGuide }) => namesGuide) ? await attempt('guides', () => checkGuides(connection)) : []),
      ...(await read('report', () => checkReports(connection, settings))),
      ...(await read('health', async () => {
        const health = await checkHealth(connection, everyJob, jobs, settings);
        healths = health.healths;
        return health.findings;
      })),
    ];
    const pauses = await readPauses(connection).catch(() => []);
    return { findings, healths, pauses: new Map(pauses.map(({ bot_id, until }) => [bot_id, until])) };
  } finally {
    connection.close();
  }
}

/** What keeps a check from its answer is an answer as well. */
async function attempt(check: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    // What is not migrated was told of once.
    if (error instanceof SettingsError && /is not migrated/.test(error.message)) return [];
    return [unexpected(check, error)];
  }
}

function unexpected(check: string, error: unknown): Finding {
  // What is secret in it is hidden with that of all findings.
  return { ...fault(check, errorText(error, []), null), unseen: true };
}

function hide(finding: Finding, { secrets }: Settings): Finding {
  return {
    ...finding,
    text: redact(finding.text, secrets),
    way_out: finding.way_out === null ? null : redact(finding.way_out, secrets),
  };
}
