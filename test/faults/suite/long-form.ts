/** The long form: every part in turn, each on the servers that it needs. */
import { botToken } from '../../support/bot-api.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { Recorder } from '../../support/secrets.ts';
import {
  budgetTrials,
  crowdTrials,
  databaseTrials,
  killTrials,
  operatorTrials,
  outageTrials,
  poolerTrials,
  rowTrials,
  telegramTrials,
  versionTrials,
} from './catalogue.ts';
import { type Findings, nothingFound, Table } from './findings.ts';
import { killAt } from './kills.ts';
import { startPgBouncer } from './pgbouncer.ts';
import { playTrials } from './play.ts';
import { openStage, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';
import { startVersion, versions } from './versions.ts';

export interface LongOptions {
  /** One kill alone; null for everything. */
  seed: number | null;
  kills: number;
  first: number;
  stages: number;
  only: string;
}

type Say = (line: string) => void;

export async function playLong(options: LongOptions, say: Say): Promise<Table> {
  const long = new Long(options, say);
  try {
    if (options.seed !== null) await long.repeat(options.seed);
    else await long.everything();
  } finally {
    await long.dispose();
  }
  return long.table;
}

class Long {
  readonly table = new Table();
  readonly #options: LongOptions;
  readonly #say: Say;
  readonly #servers: PostgresServer[] = [];

  constructor(options: LongOptions, say: Say) {
    this.#options = options;
    this.#say = say;
  }

  async repeat(seed: number): Promise<void> {
    const server = await this.#start();
    const trial = killAt(seed);
    const talking: Trial = {
      ...trial,
      play: async (stage) => {
        const findings = await trial.play(stage);
        for (const { code, signal, stderr } of stage.outputs) this.#say(`${stderr}→ ${code ?? signal}\n`);
        return findings;
      },
    };
    await this.#play([talking], () => openStage({ server }), 1);
  }

  async everything(): Promise<void> {
    const { kills, first, stages } = this.#options;
    const server = await this.#start();
    const shared = (): Promise<Stage> => openStage({ server });
    await this.#play(killTrials({ kills, first }), shared);
    await this.#play(crowdTrials(), shared);
    await this.#play(databaseTrials(), shared);
    await this.#play(outageTrials(), async () => openStage({ server: await this.#start() }));
    await this.#behindPgBouncer(server);
    for (const version of versions) await this.#onVersion(version);
    await this.#play(telegramTrials(), shared);
    await this.#play(operatorTrials(300), shared);
    for (const trial of rowTrials(12)) await this.#play([trial], shared);
    // Last and alone: what is beside it would blur the measure.
    await this.#play(budgetTrials(), shared, Math.min(1, stages));
    this.#searchLogs();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.dispose()));
  }

  async #start(): Promise<PostgresServer> {
    const server = await startPostgres({ maxConnections: 200 });
    this.#servers.push(server);
    return server;
  }

  async #behindPgBouncer(server: PostgresServer): Promise<void> {
    const trials = this.#chosen(poolerTrials());
    if (trials.length === 0) return;
    const pooler = await startPgBouncer(server);
    if (pooler === null) {
      this.#notTried(trials, 'pgbouncer not installed: not tried');
      return;
    }
    try {
      await this.#play(trials, () => openStage({ server, poolerUrl: pooler.url }));
      this.#search('the log of PgBouncer', pooler.log(), server);
    } finally {
      await pooler.close();
    }
  }

  async #onVersion(version: number): Promise<void> {
    const trials = this.#chosen(versionTrials(version));
    if (trials.length === 0) return;
    try {
      const { server, dispose } = await startVersion(version);
      try {
        await this.#play(trials, () => openStage({ server }), Math.min(2, this.#options.stages));
      } finally {
        await dispose();
      }
    } catch (error) {
      const [why] = String(error).split('\n');
      this.#notTried(trials, `PostgreSQL ${version} could not be had: not tried (${why})`);
    }
  }

  #notTried(trials: readonly Trial[], why: string): void {
    this.#say(why);
    for (const trial of trials) this.table.add(trial, { ...nothingFound(), notTried: why });
  }

  /** No server's log may hold what its clients must not tell. */
  #searchLogs(): void {
    for (const server of this.#servers) this.#search('the log of PostgreSQL', server.log(), server);
  }

  #search(place: string, text: string, server: PostgresServer): void {
    const recorder = new Recorder();
    recorder.knows({ TELEGRAM_BOT_TOKEN: botToken, DATABASE_URL: server.url('any') });
    recorder.add(place, text);
    const row = { part: 'secrets', what: 'every byte that all of the above wrote', job: 'all' };
    this.table.add(row, { ...nothingFound(), times: 1, wrong: recorder.leaks() });
  }

  #chosen(trials: readonly Trial[]): Trial[] {
    const { only } = this.#options;
    return trials.filter(({ part, what, job }) => `${part}: ${what}, ${job}`.includes(only));
  }

  async #play(trials: readonly Trial[], open: () => Promise<Stage>, stages = this.#options.stages): Promise<void> {
    const chosen = this.#options.seed === null ? this.#chosen(trials) : [...trials];
    if (chosen.length === 0) return;
    const startedAt = performance.now();
    const onTrial = (trial: Trial, { lost, repeated, wrong }: Findings): void => {
      const faults = [...(trial.promised === false ? [] : lost), ...repeated, ...wrong];
      for (const fault of faults) this.#say(`! ${trial.part}: ${trial.what}, ${trial.job}: ${fault.slice(0, 300)}`);
    };
    await playTrials(chosen, this.table, { stages, open, onTrial });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const [first] = chosen;
    this.#say(`${first?.part}: ${chosen.length} trials, ${seconds} s`);
  }
}
