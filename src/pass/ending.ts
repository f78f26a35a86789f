import type { Job, JobResult } from '../job/job.ts';
import type { Stop } from '../job/stop.ts';
import type { Tally } from '../job/tally.ts';
import {
  BotRefusedError,
  messageOf,
  RowRefusedError,
  SettingsError,
  TokenRefusedError,
  UnavailableError,
} from '../process/errors.ts';
import { exitCodeOfError, exitCodes } from '../process/exit-code.ts';
import { redact } from '../process/redact.ts';
import type { PassOutcome, StopReason, Summary } from '../process/summary.ts';
import type { Addition } from '../store/totals.ts';

/** The summary of a pass that has not done anything yet. */
export function newSummary(job: Job, dryRun: boolean): Summary {
  return {
    job: job.name,
    run_id: newRunId(),
    outcome: 'ok',
    stop_reason: 'done',
    dry_run: dryRun,
    started_at: new Date().toISOString(),
    duration_ms: 0,
    counts: { ...job.counts },
    telegram: { calls: 0, rate_limited: 0 },
    left: { due: 0, oldest_due_seconds: 0 },
    ...(job.namesGuide ? { guide_id: null } : {}),
  };
}

/** Loads `node:crypto` when it is called: by then the database is being dialled. Without its cache, 126 ids are not made in vain. */
function newRunId(): string {
  return process.getBuiltinModule('node:crypto').randomUUID({ disableEntropyCache: true });
}

/** These matter only where something is left; the backlog must be known already. */
const harmlessWhenDone: ReadonlySet<StopReason> = new Set(['deadline', 'limit']);

/** Writes into the summary how a pass ended that met no error. */
export function noteEnd(summary: Summary, reason: StopReason | null, result: JobResult): void {
  const finished = reason === null || (summary.left.due === 0 && harmlessWhenDone.has(reason));
  summary.stop_reason = finished ? 'done' : reason;
  summary.outcome = outcomeOf(summary.stop_reason, result);
}

function outcomeOf(reason: StopReason, { failed, succeeded }: JobResult): PassOutcome {
  if (reason === 'busy') return 'skipped';
  if (reason === 'signal' || reason === 'lease_lost' || reason === 'cooldown') return 'interrupted';
  if (failed === 0) return 'ok';
  return succeeded > 0 ? 'partial' : 'failed';
}

/**
 * Writes into the summary what ended a pass.
 * @returns the exit code
 */
export function noteFailure(summary: Summary, error: unknown, stop: Stop, secrets: readonly string[]): number {
  // Who was told to end does not wait for a database or a Telegram that hangs.
  const signalled = stop.reason === 'signal' && error instanceof UnavailableError;
  summary.outcome = signalled ? 'interrupted' : 'failed';
  summary.stop_reason = signalled ? 'signal' : 'error';
  summary.error = errorText(error, secrets);
  return signalled ? exitCodes.interrupted : exitCodeOfError(error);
}

/** A defect's text may hold anything, so it is redacted as well. */
function errorText(error: unknown, secrets: readonly string[]): string {
  const text = messageOf(error);
  const known = [SettingsError, UnavailableError, TokenRefusedError, BotRefusedError, RowRefusedError];
  return redact(known.some((kind) => error instanceof kind) ? text : `a defect of telesweep: ${text}`, secrets);
}

/** What a pass adds to the totals. A pass that did nothing adds one figure: itself. */
export function additionsOf({ outcome, counts, telegram }: Summary, exitCode: number, tally: Tally): Addition[] {
  const items = Object.entries(counts).map(([label, value]) => ({ name: 'items' as const, label, value }));
  const all: Addition[] = [
    ...items,
    { name: 'calls', label: '', value: telegram.calls },
    { name: 'rate_limited', label: '', value: telegram.rate_limited },
    ...tally.additions(),
    { name: 'passes', label: `${outcome} ${exitCode}`, value: 1 },
  ];
  return all.filter(({ value }) => value > 0);
}
