import { UsageError } from '../../process/errors.ts';

/** What a unit, a CronJob or a file is called: with the bot's name, that those of two bots are apart. */
export const nameFor = (bot: string | null, part: string): string =>
  ['telesweep', ...(bot === null ? [] : [bot]), part].join('-');

/** A CronJob's name gets 11 characters more for each Job of it (kubernetes.io/docs/concepts/workloads/controllers/cron-jobs). */
const cronJobLength = 52;

/**
 * The bot's name as a part of names in Kubernetes, which knows no capitals, and no `_` and `.` in all of them.
 * @throws UsageError where it does not end as names there must
 */
export function kubernetesName(bot: string): string {
  const name = bot.toLowerCase().replaceAll(/[._]/g, '-');
  if (!name.endsWith('-')) return name;
  throw new UsageError(
    `${JSON.stringify(bot)} makes no name in Kubernetes; expected one that ends with a letter or digit`,
  );
}

/** @throws UsageError where the name is longer than Kubernetes takes */
export function cronJobName(bot: string | null, job: string): string {
  const name = nameFor(bot, job);
  if (name.length <= cronJobLength) return name;
  const most = cronJobLength - nameFor('', job).length;
  throw new UsageError(
    `${JSON.stringify(name)} is too long for a CronJob (${cronJobLength} characters); expected a NAME of up to ${most} characters`,
  );
}
