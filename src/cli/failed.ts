import { type Command, Option } from 'commander';
import { goTheWay, type Ways, withBots } from './bots.ts';
import type { BotFlag, SharedFlags } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';
import { parseAge, parseLimit } from './values.ts';

const listExamples: Examples = [
  ['telesweep failed list', 'how many there are by reason, and the last twenty'],
  ['telesweep failed list --job delete-due --reason forbidden', 'what lacked a right'],
  ['telesweep failed list --json | jq .counts', 'for a program'],
];
const retryExamples: Examples = [
  ['telesweep failed retry --reason forbidden', 'after the bot was given its rights; asks first'],
  ['telesweep failed retry --job delete-broadcasts --yes', 'from a script, without a question'],
];
const dropExamples: Examples = [
  ['telesweep failed drop --reason too_old', 'what Telegram never deletes any more; asks first'],
  ['telesweep failed drop --older-than 7d --yes', 'from a script, without a question'],
];

const reasonHelp = `
Reasons:
  too_old         past the 48 hours within which Telegram deletes
  forbidden       the bot lacks a right in the chat; give it, then retry
  refused         Telegram refuses for another reason, told in its own words
  bad_message_id, bad_chat_id, no_messages
                  the bot wrote a row that cannot be; mend it, then retry
  held_by_database
                  a key or trigger of yours keeps the row; mend that, then retry
  no_ledger       a broadcast without rows in broadcast_messages
  messages_failed a broadcast whose failed messages are gone; drop it
  failed, uncertain
                  a guide that was not posted, or may have been
`;

const changeHelp = `
Items past 48 hours and broadcasts that still have no ledger would only fail
again: a retry leaves them as they are. Guides are tried again by the next pass
of post-guide in their slot.
`;

interface FailedArguments extends SharedFlags, BotFlag {
  job?: string;
  reason?: string;
  olderThan?: number;
}

/** `failed list | retry | drop`. */
export function addFailed({ program, world, jobs, exit }: Door): void {
  const failed = subcommand(program, 'failed', 'list what was given up, set it due again, or remove it');
  const keeping = jobs.filter(({ keepsFailed }) => keepsFailed !== undefined).map(({ name }) => name);
  const changeable = jobs.filter(({ keepsFailed }) => keepsFailed === 'retried').map(({ name }) => name);

  const list = subcommand(failed, 'list', 'list what was given up, and why', listExamples, reasonHelp);
  withFilter(list, keeping)
    .option('--limit <N>', 'items at most', parseLimit, 20)
    .action(async (flags: FailedArguments & { limit: number }) => {
      const { runFailedList } = await import('../operator/failed/run-failed.ts');
      const one: Ways['one'] = (shared) => runFailedList({ ...shared, ...filterOf(flags), limit: flags.limit }, world);
      exit(await goTheWay(list, flags, world, { one, each: null }));
    });

  const retry = subcommand(failed, 'retry', 'set failed items due again', retryExamples, changeHelp);
  withFilter(retry, changeable)
    .option(...yes)
    .action(async (flags: FailedArguments & { yes?: true }) => {
      const { runFailedRetry } = await import('../operator/failed/run-failed.ts');
      const one: Ways['one'] = (shared) =>
        runFailedRetry({ ...shared, ...filterOf(flags), changeable, yes: flags.yes === true }, world);
      exit(await goTheWay(retry, flags, world, { one, each: null }));
    });

  const drop = subcommand(failed, 'drop', 'remove failed items for good', dropExamples);
  withFilter(drop, changeable)
    .option(...yes)
    .action(async (flags: FailedArguments & { yes?: true }) => {
      const { runFailedDrop } = await import('../operator/failed/run-failed.ts');
      const one: Ways['one'] = (shared) =>
        runFailedDrop({ ...shared, ...filterOf(flags), changeable, yes: flags.yes === true }, world);
      exit(await goTheWay(drop, flags, world, { one, each: null }));
    });
}

const yes = ['--yes', 'do not ask; needed where there is no terminal'] as const;

function withFilter(command: Command, jobs: readonly string[]): Command {
  const filtered = command
    .addOption(new Option('--job <JOB>', 'only items of this job').choices(jobs))
    .option('--reason <REASON>', 'only items given up for this reason, such as forbidden')
    .option('--older-than <DURATION>', 'only items given up so long ago, such as 7d', parseAge);
  return withBots(filtered);
}

function filterOf({ job, reason, olderThan }: FailedArguments) {
  return { job: job ?? null, reason: reason ?? null, olderThanMs: olderThan ?? null };
}
