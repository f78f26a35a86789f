import {
  BotRefusedError,
  RowRefusedError,
  SettingsError,
  TokenRefusedError,
  UnavailableError,
  UsageError,
} from './errors.ts';
import type { PassOutcome } from './summary.ts';

/** The exit codes of every command. What each means stands below, for every `--help` and for docs/operating.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  defect: 70,
  interrupted: 75,
  tokenRefused: 77,
  settings: 78,
} as const;

export const exitCodeMeanings: Readonly<Record<(typeof exitCodes)[keyof typeof exitCodes], string>> = {
  0: 'done; nothing was due; another process holds the job; or the time or item limit was reached with all else in order',
  1: 'finished, and at least one item newly failed; or doctor found a fault, or status a job that is not well; or what a command printed could not be written',
  64: 'wrong usage',
  69: 'the database or Telegram cannot be reached',
  70: 'a defect of telesweep',
  75: 'stopped early with work left: a signal, a lost lease, a long cool-down',
  77: 'Telegram refuses the token, or every call of the bot',
  78: 'wrong settings (the token of another bot than before among them), or tables that are not migrated',
};

/** Of several bots the exit code that counts: the first of these that one of them has. */
export const worstFirst: readonly number[] = [
  exitCodes.defect,
  exitCodes.settings,
  exitCodes.tokenRefused,
  exitCodes.unavailable,
  exitCodes.failed,
  exitCodes.interrupted,
  exitCodes.ok,
];

/** How far up in that order a code stands, 0 for the worst; one that has no place in it counts as a defect. */
export function badness(code: number): number {
  return Math.max(0, worstFirst.indexOf(code));
}

/** The worst of the codes; 0 where there are none. */
export function worstOf(codes: readonly number[]): number {
  return codes.reduce((worst, code) => (badness(code) < badness(worst) ? code : worst), exitCodes.ok as number);
}

/** The one place that turns an error into an exit code. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof SettingsError) return exitCodes.settings;
  // Whoever met it could not go on without the row: an operator has to look at the table.
  if (error instanceof RowRefusedError) return exitCodes.settings;
  if (error instanceof UnavailableError) return exitCodes.unavailable;
  if (error instanceof TokenRefusedError || error instanceof BotRefusedError) return exitCodes.tokenRefused;
  return exitCodes.defect;
}

/** The exit code of a pass that ended without an error. */
export function exitCodeOfOutcome(outcome: PassOutcome): number {
  switch (outcome) {
    case 'ok':
    case 'skipped':
      return exitCodes.ok;
    case 'partial':
    case 'failed':
      return exitCodes.failed;
    case 'interrupted':
      return exitCodes.interrupted;
  }
}
