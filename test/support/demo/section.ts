import type { Stage } from './stage.ts';

/** One job's part of the demo. */
export interface Section {
  /** Puts rows into the database and chats into the simulated Telegram, and shows them. */
  before(stage: Stage): Promise<void>;
  /** Runs the job as cron would. */
  run(stage: Stage): Promise<void>;
  /** Shows what became of each kind of row. @returns how many things are not as they should be */
  after(stage: Stage): Promise<number>;
}

/** Something that must hold, and how it reads. */
export type Finding = [good: boolean, text: string];

/** Shows findings. @returns how many do not hold */
export function showFindings({ screen }: Stage, findings: readonly Finding[]): number {
  for (const [good, text] of findings) screen.check(good, text);
  return findings.filter(([good]) => !good).length;
}
