/** What it means that a call had no answer. */

import { describe } from './description.ts';
import type { Outcome } from './outcome.ts';
import { isRecord } from './read-answer.ts';

/** A call without an answer. Thrown by the fetch, read by `readFailure`. */
export class CallFailure extends Error {
  override name = 'CallFailure';
  /** False only where the request cannot have reached the server. */
  readonly mayHaveArrived: boolean;
  constructor(message: string, mayHaveArrived: boolean) {
    super(message);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** Reads what a call threw instead of an answer. Whatever is not proven to have stayed here may have arrived. */
export function readFailure(error: unknown, secrets: readonly string[] = []): Outcome<never> {
  try {
    const chain = withCauses(error);
    const description = describe(chain.map(ownWords).findLast((message) => message !== '') ?? 'no answer', secrets);
    if (causeOf(error, CallFailure)?.mayHaveArrived === false) return { kind: 'not_sent', description };
    return { kind: 'unanswered', description, status: null };
  } catch {
    return { kind: 'unanswered', description: 'no answer', status: null };
  }
}

/** The error or the first of its causes that is of this class. */
export function causeOf<T>(error: unknown, kind: new (...args: never[]) => T): T | undefined {
  return withCauses(error).find((link): link is T => link instanceof kind);
}

/** The error and its causes, at most 8. */
function withCauses(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link != null && chain.length < 8; link = isRecord(link) ? link.cause : null) chain.push(link);
  return chain;
}

function ownWords(error: unknown): string {
  return isRecord(error) && typeof error.message === 'string' ? error.message : '';
}
