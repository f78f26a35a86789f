/** Imports nothing: it must load where the rest of the program does not. */

/** Where `bugs` of package.json leads; a test holds them together. */
export const reportTo = 'https://github.com/telesweep/telesweep/issues';

/** Errors whose words the engine chose, which quotes names of the code and never a value. */
const engineErrors: readonly unknown[] = [TypeError, ReferenceError, RangeError];

/**
 * What may be said of an error that nobody expected: its kind, its code and the places in the code, for `npm run trace`.
 * @param hide blacks out secrets; where they are not known yet the message stands only where the engine wrote it, because it
 *   may hold a token or a password
 */
export function describeDefect(error: unknown, hide: ((text: string) => string) | null = null): string {
  if (!(error instanceof Error)) {
    return `a defect of telesweep: a ${typeof error} was thrown; please report it at ${reportTo}`;
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const mayBeTold = hide !== null || (code === null && engineErrors.includes(error.constructor));
  const message = mayBeTold && error.message !== '' ? `: ${error.message}` : '';
  const text = `a defect of telesweep: ${code ?? error.name}${message}; please report it with these lines at ${reportTo}`;
  return [hide?.(text) ?? text, ...stackOf(error)].join('\n');
}

/** The places in the code alone: a stack begins with the message. */
export function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
}
