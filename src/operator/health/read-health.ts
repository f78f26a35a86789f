import type { Job } from '../../job/job.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Connection } from '../../store/connect.ts';
import { judge } from './judge.ts';
import { readStandings, type Standing, type Standings } from './standing.ts';
import type { Health } from './verdict.ts';

export interface Judged extends Standing {
  health: Health;
}

/**
 * Tells how jobs stand: the one truth that `status`, `doctor`, metrics and alerts speak from. Call it in a read-only
 * transaction: it changes nothing, and all it tells is of one moment.
 * @param jobs all of them, because they share a budget
 * @param asked those that are told of
 */
export async function readHealth(
  connection: Connection,
  settings: Settings,
  jobs: readonly Job[],
  asked: readonly Job[],
): Promise<Health[]> {
  return (await readJudged(connection, settings, jobs, asked)).judged.map(({ health }) => health);
}

/** The same, with what it was judged by. */
export async function readJudged(
  connection: Connection,
  settings: Settings,
  jobs: readonly Job[],
  asked: readonly Job[],
): Promise<Omit<Standings, 'standings'> & { judged: Judged[] }> {
  // The others matter for the forecast alone.
  const isForecast = asked.some(({ deadlines }) => deadlines !== undefined);
  const read = jobs.filter((job) => asked.includes(job) || (isForecast && job.deadlines !== undefined));
  const { standings, ...rest } = await readStandings(connection, settings, read);
  const judged = standings
    .filter(({ job }) => asked.includes(job))
    .map((standing) => ({ ...standing, health: judge(standing, rest.now, settings) }));
  return { ...rest, judged };
}
