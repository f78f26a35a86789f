import { SettingsError } from '../../process/errors.ts';

/** Bots of a directory at work at once where nobody says `--parallel`. */
export const usualParallel = 4;

/** The share of a directory's bots that one of several processes takes. */
export interface Share {
  /** Counts from 0. */
  index: number;
  count: number;
}

/** `0/3`; null where it is not one. */
export function parseShare(text: string): Share | null {
  const [, index = '', count = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  return count !== '' && Number(index) < Number(count) ? { index: Number(index), count: Number(count) } : null;
}

/**
 * The share that an Indexed Job of Kubernetes names in its pods; null where it names none.
 * @throws SettingsError where it names half of one, or one that cannot be
 */
export function shareOfJob(env: Readonly<Record<string, string | undefined>>): Share | null {
  const { JOB_COMPLETION_INDEX: index = '', JOB_COMPLETIONS: count = '' } = env;
  if (index === '' && count === '') return null;
  const given = (name: string, value: string): string => (value === '' ? `${name} is missing` : `${name}="${value}"`);
  const share = parseShare(`${index.trim()}/${count.trim()}`);
  if (share !== null) return share;
  throw new SettingsError([
    `JOB_COMPLETION_INDEX: ${given('JOB_COMPLETION_INDEX', index)} and ${given('JOB_COMPLETIONS', count)} name no share; ` +
      'expected an index from 0 that is less than the number of completions, or --shard I/N',
  ]);
}

/** Whether a bot falls to this share: each falls to exactly one of `count`, the same on every machine. */
export function isInShare(name: string, { index, count }: Share): boolean {
  const digest = process.getBuiltinModule('node:crypto').createHash('sha256').update(name).digest();
  return digest.readUInt32BE(0) % count === index;
}
