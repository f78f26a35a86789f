import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../../job/job.ts';
import { textfileOf } from '../../output/metrics.ts';
import { codeOf } from '../../process/errors.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Finding, warning } from './finding.ts';

const check = 'settings';

/** The folder of METRICS_TEXTFILE_DIR, and what stands there. */
export function checkTextfiles({ metricsDir: dir, name }: Settings, jobs: readonly Job[]): Finding[] {
  if (dir === null) return [];
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const text = `METRICS_TEXTFILE_DIR: ${dir} cannot be written to (${codeOf(error) || 'no access'})`;
    return [warning(check, text, 'make it, or grant it')];
  }
  const left = name === null ? [] : leftBehind(dir, name, jobs);
  if (left.length === 0) return [];
  const text = `METRICS_TEXTFILE_DIR: ${left.join(', ')} ${left.length === 1 ? 'tells' : 'tell'} of this bot from before it was called ${name}, and Prometheus believes that for ever`;
  const paths = left.map((file) => join(dir, file)).join(' ');
  return [warning(check, text, `rm ${paths}; if another bot still writes there, give that one a NAME`)];
}

/**
 * Files that the bot wrote when it had no name: they tell of its schema and its id, and it writes others now. The passes leave
 * them alone, because another bot without a name may write them.
 */
function leftBehind(dir: string, name: string, jobs: readonly Job[]): string[] {
  const read = (file: string): string | null => {
    try {
      return readFileSync(join(dir, file), 'utf8');
    } catch {
      return null;
    }
  };
  const pairs = jobs.flatMap(({ name: job }) => {
    const own = textfileOf.job({ job, name });
    return [textfileOf.job, textfileOf.unrecorded].map((fileOf) => ({ own, old: fileOf({ job, name: null }) }));
  });
  const health = { own: textfileOf.health(name), old: textfileOf.health(null) };
  const standing = [...pairs, health].flatMap(({ own, old }) => {
    const [now, before] = [read(own), read(old)];
    if (now === null || before === null) return [];
    return [{ old, isOurs: ['schema', 'bot'].every((label) => agree(label, now, before)) }];
  });
  // Not all of them name their bot: those go with the others.
  return standing.every(({ isOurs }) => isOurs) ? standing.map(({ old }) => old) : [];
}

/** Whether the first labels of that name are the same; a file without one agrees with any. */
function agree(label: string, now: string, before: string): boolean {
  const [ofNow, ofBefore] = [now, before].map((text) => new RegExp(`[{,]${label}="([^"]*)"`).exec(text)?.[1]);
  return ofBefore === undefined || ofBefore === ofNow;
}
