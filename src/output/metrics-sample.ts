/** What metrics tell, before it is written in Prometheus's format. Types alone; times in seconds since 1970. */
import type { Backlog, JobName } from '../process/summary.ts';

/** A figure that never goes back. */
export interface Total {
  /** The bot that it was done with; null where a job calls nobody. */
  botId: string | null;
  name: string;
  label: string;
  value: number;
}

export interface JobMetrics {
  job: JobName;
  /** The bot of the token that is set now; null where the job calls nobody. */
  botId: string | null;
  /** The last pass that exited 0, and the last that ended; null where there was none. */
  lastSuccess: number | null;
  lastCompletion: number | null;
  lastDurationSeconds: number | null;
  lastExitCode: number | null;
  backlog: Backlog;
  /** Due messages close to 48 hours; null for a job without such. */
  nearDeadline: number | null;
  /** When the pause that Telegram asked for ends; 0 where there is none. */
  pausedUntil: number;
  totals: readonly Total[];
  /** Guide posts so far, by status; null for other jobs. */
  guidePosts: Readonly<Record<string, number>> | null;
}

/** Whose pass is told of. */
export interface Teller {
  job: JobName;
  /** What the bot is called; null where it has no name. */
  name: string | null;
}

export interface Metrics {
  /** What the bot is called; null where it has no name. */
  name: string | null;
  /** The schema of the bot's tables. */
  schema: string;
  /** The database's clock. */
  readAt: number;
  jobs: readonly JobMetrics[];
}

/** How a job stands, in the words of its health. */
export interface HealthSample {
  job: JobName;
  verdict: string;
}
