import { formatCount } from '../../output/format.ts';
import { widthOf } from '../../output/output.ts';
import { exitCodes } from '../../process/exit-code.ts';
import type { World } from '../../process/world.ts';
import { readOnly } from '../../store/connect.ts';
import { type ChangedItems, dropFailed, retryFailed } from '../../store/failed-changes.ts';
import { countFailed, type FailedCount, type FailedFilter, listFailed } from '../../store/failed-items.ts';
import { type CommandContext, type CommandFlags, runCommand } from '../command.ts';
import { confirm } from '../confirm.ts';
import { hopelessOf, itemsOf, leftText, listText } from './failed-text.ts';

export interface FailedFlags extends CommandFlags {
  job: string | null;
  reason: string | null;
  /** Milliseconds; null for items of any age. */
  olderThanMs: number | null;
}

export interface ChangeFlags extends FailedFlags {
  /** The jobs whose items can be set due again and removed. */
  changeable: readonly string[];
  yes: boolean;
}

/** `telesweep failed list`. Never throws. @returns the exit code */
export function runFailedList(flags: FailedFlags & { limit: number }, world: World): Promise<number> {
  return runCommand('failed list', flags, world, [], async ({ settings, connection, print }) => {
    const filter = filterOf(flags);
    const { counts, items } = await readOnly(connection, async () => ({
      counts: await countFailed(connection, filter, settings.failedDays),
      items: await listFailed(connection, filter, settings.failedDays, flags.limit),
    }));
    if (flags.json) print(`${JSON.stringify({ total: itemsOf(counts), counts, items })}\n`);
    else print(listText(counts, items, widthOf(world)));
    return exitCodes.ok;
  });
}

/** `telesweep failed retry`. Never throws. @returns the exit code */
export function runFailedRetry(flags: ChangeFlags, world: World): Promise<number> {
  return runCommand('failed retry', flags, world, [], async (context) => {
    const counts = await countChangeable(context, flags);
    const hopeless = hopelessOf(counts);
    const retryable = itemsOf(counts) - hopeless;
    const others = hopeless === 0 ? '' : ` (${hopeless} more stay as they are)`;
    if (retryable > 0 && !(await agreed(`Set ${plural(retryable)} due again${others}?`, flags, world))) {
      return refused('retried', flags, context);
    }
    const changed =
      retryable === 0 ? nothingChanged : await retryFailed(context.connection, filterOf(flags), world.signal);
    const { items: retried, held } = changed;
    if (flags.json) context.print(`${JSON.stringify({ retried, left: hopeless, ...(held > 0 && { held }) })}\n`);
    else {
      const done = retried === 0 ? nothing('retry', hopeless) : `Set ${plural(retried)} due again.\n`;
      context.print(done + leftText(counts) + heldText(changed));
    }
    return exitCodeOf(changed, world);
  });
}

/** `telesweep failed drop`. Never throws. @returns the exit code */
export function runFailedDrop(flags: ChangeFlags, world: World): Promise<number> {
  return runCommand('failed drop', flags, world, [], async (context) => {
    const total = itemsOf(await countChangeable(context, flags));
    if (total > 0 && !(await agreed(`Remove ${plural(total)} for good?`, flags, world))) {
      return refused('dropped', flags, context);
    }
    const changed = total === 0 ? nothingChanged : await dropFailed(context.connection, filterOf(flags), world.signal);
    const { items: dropped, held } = changed;
    if (flags.json) context.print(`${JSON.stringify({ dropped, ...(held > 0 && { held }) })}\n`);
    else context.print((dropped === 0 ? nothing('drop', 0) : `Removed ${plural(dropped)}.\n`) + heldText(changed));
    return exitCodeOf(changed, world);
  });
}

const nothingChanged: ChangedItems = { items: 0, held: 0, words: null };

/** What the database does not let be changed; empty where there is nothing. */
function heldText({ held, words }: ChangedItems): string {
  return held === 0 ? '' : `Left as they are: ${plural(held)} that the database holds: ${words}\n`;
}

function exitCodeOf({ held }: ChangedItems, world: World): number {
  if (world.signal.aborted) return exitCodes.interrupted;
  return held > 0 ? exitCodes.failed : exitCodes.ok;
}

function filterOf({ job, reason, olderThanMs }: FailedFlags): FailedFilter {
  return { job, reason, olderThanSeconds: (olderThanMs ?? 0) / 1000 };
}

async function countChangeable({ connection, settings }: CommandContext, flags: ChangeFlags): Promise<FailedCount[]> {
  const counts = await countFailed(connection, filterOf(flags), settings.failedDays);
  return counts.filter(({ job }) => flags.changeable.includes(job));
}

async function agreed(question: string, flags: { yes: boolean }, world: World): Promise<boolean> {
  return flags.yes || confirm(question, world);
}

function refused(what: 'retried' | 'dropped', flags: CommandFlags, { print }: CommandContext): number {
  print(flags.json ? `${JSON.stringify({ [what]: 0 })}\n` : 'Nothing was changed.\n');
  return exitCodes.ok;
}

function nothing(verb: string, hopeless: number): string {
  return hopeless > 0
    ? 'There is nothing that a retry could mend.\n'
    : `There is nothing to ${verb}: no failed item fits.\n`;
}

function plural(items: number): string {
  return `${formatCount(items)} failed ${items === 1 ? 'item' : 'items'}`;
}
