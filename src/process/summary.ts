/** As jobs/index.ts has it: one that is added there is known everywhere. */
export type JobName = string;

/** How a pass ended, for the run record, the metrics and the exit code. */
export type PassOutcome = 'ok' | 'partial' | 'failed' | 'skipped' | 'interrupted';

/** Why a pass ended when it did. */
export type StopReason = 'done' | 'deadline' | 'limit' | 'signal' | 'busy' | 'cooldown' | 'lease_lost' | 'error';

/** What a pass did, by the keys that its job always reports. */
export type Counts = Record<string, number>;

/** What is due after a pass, and how long the oldest of it has been due. */
export interface Backlog {
  due: number;
  oldest_due_seconds: number;
}

/** One shape for the log's last line, `--json`, the run record and the ping's body. */
export interface Summary {
  job: JobName;
  run_id: string;
  outcome: PassOutcome;
  stop_reason: StopReason;
  dry_run: boolean;
  started_at: string;
  duration_ms: number;
  counts: Counts;
  telegram: CallCounts;
  left: Backlog;
  guide_id?: string | null;
  /** Of a dry run: Bot API calls, and seconds at the budget's rate. */
  estimate?: { calls: number; seconds: number };
  error?: string;
}

/** Bot API calls of a pass, and answers of 429 among them. */
export interface CallCounts {
  calls: number;
  rate_limited: number;
}
