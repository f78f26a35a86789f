import { safeWriter, widthOf } from '../../output/output.ts';
import { exitCodes, worstOf } from '../../process/exit-code.ts';
import { signalsOf, type World, worldWith } from '../../process/world.ts';
import { readSchemas } from '../../store/totals.ts';
import { entriesAsJson } from '../bots/each.ts';
import { ask, tellFailure } from '../command.ts';
import { askStatus, type StatusFlags } from './run-status.ts';
import { type BotStatus, statusOfBotsText, toldOf } from './status-of-bots-text.ts';

/**
 * `telesweep status --all`: every schema of the database that a job has run in, by the times of the settings at hand. Never throws.
 * @returns the worst exit code
 */
export async function runStatusOfSchemas(flags: StatusFlags, world: World): Promise<number> {
  const withSignal = signalsOf(world.signal);
  const found = await withSignal((signal) =>
    ask(flags, worldWith(world, { signal }), [], ({ connection }) => readSchemas(connection)),
  );
  if ('error' in found) return tellFailure(found, 'status', flags, world, { bots: [] });
  const bots: BotStatus[] = [];
  for (const bot of found.value) {
    const env = { ...world.env, SCHEMA: bot };
    const answer = await withSignal((signal) => askStatus(flags, worldWith(world, { env, signal })));
    if ('error' in answer) bots.push({ ...answer, bot, status: null });
    else bots.push({ bot, status: answer.value, exitCode: answer.value.ok ? exitCodes.ok : exitCodes.failed });
  }
  safeWriter(world.stdout)(
    flags.json
      ? entriesAsJson(bots.map((one) => ({ ...one, told: toldOf(one) })))
      : statusOfBotsText(bots, widthOf(world)),
  );
  return worstOf(bots.map(({ exitCode }) => exitCode));
}
