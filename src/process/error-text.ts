import { describeDefect } from './defect.ts';
import { messageOf } from './errors.ts';
import { exitCodeOfError, exitCodes } from './exit-code.ts';
import { redact } from './redact.ts';

/**
 * What a command says of the error that ended it: the words of one that is for operators, else what may be said of a defect.
 * @param secrets null where the settings are not known yet
 */
export function errorText(error: unknown, secrets: readonly string[] | null): string {
  const hide = secrets === null ? null : (text: string) => redact(text, secrets);
  if (!(error instanceof Error) || exitCodeOfError(error) === exitCodes.defect) return describeDefect(error, hide);
  return hide?.(messageOf(error)) ?? messageOf(error);
}
