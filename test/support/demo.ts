/**
 * `npm run demo`: a day of a bot on a real PostgreSQL and a simulated Telegram, swept by all jobs of the built telesweep.
 * Exits 0 where everything is as it should be, 1 where something is not, 128 + n after a signal.
 */
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { cleanupTokensSection } from './demo/cleanup-tokens.ts';
import { fullDay } from './demo/day.ts';
import { deleteBroadcastsSection } from './demo/delete-broadcasts.ts';
import { deleteDueSection } from './demo/delete-due.ts';
import { manyBotsSection } from './demo/many-bots.ts';
import { postGuideSection } from './demo/post-guide.ts';
import { resetCountsSection } from './demo/reset-counts.ts';
import { Screen } from './demo/screen.ts';
import type { Section } from './demo/section.ts';
import { openStage, type Stage } from './demo/stage.ts';
import { showWhole } from './demo/whole.ts';

/** Resolves with the exit code of the first signal; those after it find the demo cleaning up. */
function interrupted(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(128 + constants.signals[signal]));
    }
  });
}

/**
 * Plays one act after the other; the jobs of an act run at the same time, as a crontab has them.
 * @returns the exit code
 */
async function play(stage: Stage, acts: readonly (readonly Section[])[], startedAt: number): Promise<number> {
  const { screen } = stage;
  const [server] = await stage.query<{ version: string }>("select current_setting('server_version') as version");
  screen.line('telesweep at work, on a real PostgreSQL and a simulated Telegram.');
  screen.line(`PostgreSQL ${server?.version.split(' ')[0]} and the Bot API at ${stage.api.url} stand until the end.`);

  screen.command('telesweep migrate');
  const migrated = await stage.telesweep(['migrate']);
  showEnds(screen, `${migrated.stdout}${migrated.stderr}`.trimEnd().split('\n'));
  if (migrated.code !== 0) return 1;

  let bad = 0;
  for (const act of acts) {
    for (const section of act) await section.before(stage);
    await Promise.all(act.map((section) => section.run(stage)));
    for (const section of act) bad += await section.after(stage);
  }
  bad += showWhole(stage);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  screen.line(bad === 0 ? `\nAll as it should be, after ${seconds} s.` : `\n${bad} not as it should be.`);
  return bad === 0 ? 0 : 1;
}

/** The first lines and the last one of a long output. */
function showEnds(screen: Screen, lines: readonly string[]): void {
  const left = lines.length - 4;
  const shown = left > 1 ? [...lines.slice(0, 3), `    … ${left} more`, ...lines.slice(-1)] : lines;
  for (const line of shown) screen.line(`  ${line}`);
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const signalled = interrupted();
  const screen = new Screen(process.stdout, process.env);
  const { values } = parseArgs({ options: { records: { type: 'string', default: String(fullDay) } } });
  const records = Number(values.records);
  if (!Number.isInteger(records) || records < 1) {
    screen.line(`--records: "${values.records}" is no size of a day; expected a whole number from 1 on`);
    return 64;
  }

  const acts = [
    [cleanupTokensSection()],
    [resetCountsSection()],
    [postGuideSection()],
    [deleteBroadcastsSection(), deleteDueSection(records)],
    [manyBotsSection(Math.min(records, 50))],
  ];
  const opening = openStage(screen);
  const playing = opening.then((stage) => play(stage, acts, startedAt));
  let code: number;
  try {
    code = await Promise.race([playing, signalled]);
  } catch (error) {
    // Ctrl-C also reaches what the demo started, and its end may be heard first.
    const signal = await Promise.race([signalled, new Promise<null>((resolve) => setTimeout(resolve, 100, null))]);
    if (signal === null) screen.line(`\nThe demo broke off: ${error instanceof Error ? error.stack : String(error)}`);
    code = signal ?? 1;
  }
  screen.status(null);
  // What is still under way fails when its stage closes.
  playing.catch(() => undefined);
  await opening.then(
    (stage) => stage.close(),
    () => undefined,
  );
  if (code > 128) screen.line('\nBroken off. PostgreSQL is stopped and its files are removed.');
  return code;
}

process.exit(await main());
