import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Job } from '../../job/job.ts';
import { commonFile } from '../../settings/installation.ts';
import { type BotPlace, checkSettings, type Settings } from '../../settings/settings.ts';
import { settingsTable } from '../../settings/settings-table.ts';
import { type Finding, fault, fine, warning } from './finding.ts';
import { checkTextfiles } from './textfiles.ts';

const check = 'settings';

interface SettingsRequest {
  env: Readonly<Record<string, string | undefined>>;
  envFile: string | null;
  bot?: BotPlace | undefined;
  jobs: readonly Job[];
  /** Null for all that are used. */
  asked: readonly Job[] | null;
}

/** Every setting; whatever is wrong, what can be read is handed on. */
export function checkAllSettings({ jobs, asked, env, envFile, bot }: SettingsRequest): {
  settings: Settings;
  findings: Finding[];
} {
  // Not everybody uses every job.
  const wanted = asked ?? jobs.filter(({ optional }) => optional === undefined);
  const requires = [...new Set(['DATABASE_URL', ...wanted.flatMap((job) => job.requires)])];
  const { settings, problems } = checkSettings({ env, envFile, ...bot, requires });
  const findings = problems.map((problem) => {
    const [name = '', ...rest] = problem.split(': ');
    return fault(check, problem, rest.length === 0 ? null : wayOutOf(name, jobs));
  });
  if (findings.length === 0) findings.push(fine(check, 'all are well-formed'));
  for (const { name, optional } of asked === null ? jobs : []) {
    if (optional === undefined || optional.isUsed(settings)) continue;
    findings.push(warning(check, optional.missing, `set it, or leave ${name} out`));
  }
  const { ignoredParameters = [] } = settings.database;
  if (ignoredParameters.length > 0) {
    findings.push(
      fine(check, `DATABASE_URL: passed over, because other tools read it: ${ignoredParameters.join(', ')}`),
    );
  }
  const files = envFile === null ? [] : [envFile, ...(bot === undefined ? [] : [join(dirname(envFile), commonFile)])];
  return { settings, findings: [...findings, ...files.flatMap(checkEnvFile), ...checkTextfiles(settings, jobs)] };
}

function wayOutOf(name: string, jobs: readonly Job[]): string {
  if (name === '--env-file') return 'mend the file, or name another one';
  const setting = settingsTable.find((one) => one.name === name);
  if (setting === undefined) return 'mend it in the environment or the env file';
  const users: string[] = jobs.filter(({ requires }) => requires.includes(name)).map((job) => job.name);
  if (name === 'DATABASE_URL') users.push('every job');
  const example = setting.default ?? setting.example;
  const words = [setting.meaning, ...(example === undefined ? [] : [`such as ${name}=${example}`])];
  return [...words, ...(users.length === 0 ? [] : [`needed by ${users.join(' and ')}`])].join('; ');
}

/** 0 where it cannot be looked at. */
function modeOf(path: string): number {
  try {
    return statSync(path).mode;
  } catch {
    return 0;
  }
}

/** The file holds the token and the password. */
function checkEnvFile(path: string): Finding[] {
  const mode = modeOf(path);
  if ((mode & 0o007) === 0) return [];
  return [warning(check, `${path} is open to every user of this machine`, `chmod o= ${path}`)];
}
