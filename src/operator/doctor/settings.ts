import { accessSync, constants, statSync } from 'node:fs';
import type { JobName } from '../../job.ts';
import { jobs } from '../../jobs/index.ts';
import { settingsTable } from '../../settings/settings-table.ts';
import { checkSettings, type Settings } from '../../settings.ts';
import { type Finding, fault, fine, warning } from './finding.ts';

const check = 'settings';

interface SettingsRequest {
  env: Readonly<Record<string, string | undefined>>;
  envFile: string | null;
  /** Null for all jobs. */
  jobs: readonly JobName[] | null;
}

/** Every setting; whatever is wrong, what can be read is handed on. */
export function checkAllSettings(request: SettingsRequest): { settings: Settings; findings: Finding[] } {
  const { settings, problems } = checkSettings({ ...request, requires: requiredBy(request) });
  const findings = problems.map((problem) => {
    const [name = '', ...rest] = problem.split(': ');
    return fault(check, problem, rest.length === 0 ? null : wayOutOf(name));
  });
  if (findings.length === 0) findings.push(fine(check, 'all are well-formed'));
  if (request.jobs === null && settings.guideChatIds.length === 0) {
    findings.push(
      warning(check, 'GUIDE_CHAT_IDS is missing, so post-guide has no channel', 'set it, or leave post-guide out'),
    );
  }
  const { ignoredParameters = [] } = settings.database;
  if (ignoredParameters.length > 0) {
    findings.push(
      fine(check, `DATABASE_URL: passed over, because other tools read it: ${ignoredParameters.join(', ')}`),
    );
  }
  return { settings, findings: [...findings, ...checkEnvFile(request.envFile), ...checkMetricsDir(settings)] };
}

/** Not everybody posts guides, so unless post-guide is asked for, its settings may be missing. */
function requiredBy({ jobs: asked }: SettingsRequest): string[] {
  const wanted = jobs.filter(({ name }) => (asked === null ? name !== 'post-guide' : asked.includes(name)));
  return [...new Set(['DATABASE_URL', ...wanted.flatMap(({ requires }) => requires)])];
}

function wayOutOf(name: string): string {
  if (name === '--env-file') return 'mend the file, or name another one';
  const setting = settingsTable.find((one) => one.name === name);
  if (setting === undefined) return 'mend it in the environment or the env file';
  const users: string[] = jobs.filter(({ requires }) => requires.includes(name)).map((job) => job.name);
  if (name === 'DATABASE_URL') users.push('every job');
  const example = setting.default ?? setting.example;
  const words = [setting.meaning, ...(example === undefined ? [] : [`such as ${name}=${example}`])];
  return [...words, ...(users.length === 0 ? [] : [`needed by ${users.join(' and ')}`])].join('; ');
}

/** The file holds the token and the password. */
function checkEnvFile(path: string | null): Finding[] {
  if (path === null) return [];
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o007) === 0) return [];
  return [warning(check, `${path} is open to every user of this machine`, `chmod o= ${path}`)];
}

function checkMetricsDir({ metricsDir }: Settings): Finding[] {
  if (metricsDir === null) return [];
  try {
    accessSync(metricsDir, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'no access';
    return [
      warning(check, `METRICS_TEXTFILE_DIR: ${metricsDir} cannot be written to (${why})`, 'make it, or grant it'),
    ];
  }
}
