/**
 * `npm run bench`: telesweep's figures, as ratios within one run. Four minutes; `-- --long` takes the full sizes and
 * twenty, `-- --only NAME` one measurement alone, `-- --out FILE` says where the JSON goes,
 * `-- --dist FOLDER` measures another build.
 * `NODE24=/path/to/node` measures the idle pass on that Node as well. A target that is missed is no failure.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureAfter429 } from './after-429.ts';
import { measureBudget } from './budget.ts';
import { measureCleanupTokens } from './cleanup-tokens.ts';
import { measureDeleteBroadcasts } from './delete-broadcasts.ts';
import { measureDeleteDue } from './delete-due.ts';
import { measureDistance } from './distance.ts';
import { measureFairness } from './fairness.ts';
import type { Figure } from './figure.ts';
import { measureIdlePass } from './idle-pass.ts';
import { measureManyBots } from './many-bots.ts';
import { tableOf } from './print.ts';
import { measurePromptness } from './promptness.ts';
import { openStage, type Stage } from './stage.ts';

const measurements = new Map<string, (stage: Stage) => Promise<Figure[]>>([
  ['idle-pass', measureIdlePass],
  ['cleanup-tokens', measureCleanupTokens],
  ['delete-due', measureDeleteDue],
  ['delete-broadcasts', measureDeleteBroadcasts],
  ['budget', measureBudget],
  ['distance', measureDistance],
  ['fairness', measureFairness],
  ['promptness', measurePromptness],
  ['after-429', measureAfter429],
  ['many-bots', measureManyBots],
]);

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
    out: { type: 'string', default: fileURLToPath(new URL('latest.json', import.meta.url)) },
  },
});
const { long, only, dist, out } = values;
if (only !== undefined && !measurements.has(only)) {
  process.stderr.write(`--only: "${only}" is none of ${[...measurements.keys()].join(', ')}\n`);
  process.exit(64);
}

// What was started ends with this process, and its files go at its exit.
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));

const startedAt = new Date();
const say = (line: string) => process.stderr.write(`  ${line}\n`);
const stage = await openStage({ long, dist, say });
const figures: Figure[] = [];
try {
  for (const [name, measure] of measurements) {
    if (only !== undefined && name !== only) continue;
    say(name);
    figures.push(...(await measure(stage)));
  }
} finally {
  await stage.close();
}

const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
const [cpu] = cpus();
const machine = `${cpus().length} × ${cpu?.model ?? process.arch}, ${process.platform}, Node ${process.versions.node}`;
writeFileSync(
  out,
  `${JSON.stringify({ started_at: startedAt.toISOString(), seconds, long, machine, figures }, null, 2)}\n`,
);
process.stdout.write(`${tableOf(figures)}\n${machine}; ${seconds} s; also in ${out}\n`);
