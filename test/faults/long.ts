/**
 * `npm run test:faults`: does to telesweep what a bad night does, some thousand times, and prints what came of it.
 * Exits 0 where every promise held, 1 where one did not, 64 for wrong usage.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { budgetTrials, crowdTrials, databaseTrials, killTrials, outageTrials } from './suite/catalogue.ts';
import { type Findings, Table } from './suite/findings.ts';
import { killAt } from './suite/kills.ts';
import { playTrials } from './suite/play.ts';
import { openStage } from './suite/stage.ts';
import type { Trial } from './suite/trial.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    kills: { type: 'string', default: '500' },
    first: { type: 'string', default: '1' },
    stages: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
  },
});

const table = new Table();
const server = await startPostgres({ maxConnections: 200 });
const startedAt = performance.now();
try {
  const open = () => openStage({ server });
  const onTrial = (trial: Trial, found: Findings, ms: number) => {
    const bad = found.lost.length + found.repeated.length + found.wrong.length;
    if (ms > 15_000 || bad > 0)
      console.log(`${trial.part}: ${trial.what}, ${trial.job}: ${Math.round(ms)} ms, ${bad} bad`);
  };
  const only = values.only ?? '';
  const pick = (trials: Trial[]) => trials.filter((t) => `${t.part}: ${t.what}, ${t.job}`.includes(only));
  if (values.seed !== undefined) await playTrials([killAt(Number(values.seed))], table, { stages: 1, open });
  else {
    const options = { kills: Number(values.kills), first: Number(values.first) };
    const stages = Number(values.stages);
    await playTrials(pick([...killTrials(options), ...crowdTrials(), ...databaseTrials()]), table, {
      stages,
      open,
      onTrial,
    });
    const servers: PostgresServer[] = [];
    const openOwn = async () => {
      const own = await startPostgres();
      servers.push(own);
      return openStage({ server: own });
    };
    await playTrials(pick(outageTrials()), table, { stages, open: openOwn, onTrial });
    await Promise.all(servers.map((s) => s.dispose()));
    await playTrials(pick(budgetTrials()), table, { stages: 1, open, onTrial });
  }
} finally {
  await server.dispose();
}
console.log(table.markdown());
for (const f of table.faults) console.log(f.replaceAll(/\s+/g, ' ').slice(0, 500));
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s`);
if (values.json) writeFileSync(values.json, JSON.stringify(table.json(), null, 1));
