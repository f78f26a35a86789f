import type { Summary } from '../process/summary.ts';

/** What a pass has to tell. What is null is not known, and keeps the value it had. */
export interface MetricsSample {
  summary: Summary;
  exitCode: number;
  /** Due messages close to Telegram's 48 hours. */
  nearDeadline: number | null;
  /** When Telegram's pause ends; null where it asked for none. */
  pausedUntil: Date | null;
  /** Guide posts so far, by status. */
  guidesPosted: Readonly<Record<string, number>> | null;
}
