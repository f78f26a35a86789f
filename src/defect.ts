import { codeOf } from './errors.ts';

/** Errors whose words the engine chose, which quotes names of the code and never a value. */
const engineErrors: readonly unknown[] = [TypeError, ReferenceError, RangeError];

/**
 * What may be said of an error that nobody expected and of which nobody knows what it quotes: its kind, its code and the
 * places in the code. Its message only where the engine wrote it, because it may hold a token or a password.
 */
export function describeDefect(error: unknown): string {
  if (!(error instanceof Error)) return `a defect of telesweep: a ${typeof error} was thrown`;
  const code = codeOf(error);
  const message = code === '' && engineErrors.includes(error.constructor) ? `: ${error.message}` : '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return [`a defect of telesweep: ${code || error.name}${message}; please report it with these lines`, ...frames].join(
    '\n',
  );
}
