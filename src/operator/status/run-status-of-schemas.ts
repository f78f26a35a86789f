import { exitCodes } from '../../process/exit-code.ts';
import { type World, worldWith } from '../../process/world.ts';
import { readSchemas } from '../../store/totals.ts';
import { ask, tellFailure } from '../command.ts';
import { askStatus, type StatusFlags } from './run-status.ts';
import type { BotStatus } from './status-of-bots-text.ts';
import { statusOfBot, tellStatuses } from './tell-statuses.ts';

/**
 * `telesweep status --all`: every schema of the database that a job has run in, by the times of the settings at hand. Never throws.
 * @returns the worst exit code; 1 where there is none: a monitor of the wrong database must not hear that all are well
 */
export async function runStatusOfSchemas(flags: StatusFlags, world: World): Promise<number> {
  const found = await ask(flags, world, [], ({ connection }) => readSchemas(connection));
  if ('error' in found) return tellFailure(found, 'status', flags, world, { bots: [] });
  if (found.value.length === 0) {
    const none = { exitCode: exitCodes.failed, error: 'no job has run in this database', bot: null };
    return tellFailure(none, 'status', flags, world, { bots: [] });
  }
  const bots: BotStatus[] = [];
  for (const bot of found.value) {
    bots.push(statusOfBot(bot, await askStatus(flags, worldWith(world, { env: { ...world.env, SCHEMA: bot } }))));
  }
  return tellStatuses(bots, flags, world);
}
