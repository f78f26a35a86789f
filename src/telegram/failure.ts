/** What it means that a call had no answer. */
import { describe } from './description.ts';
import type { Outcome } from './outcome.ts';

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
    const failure = chain.find((link) => link instanceof CallFailure);
    const arrived = failure instanceof CallFailure ? failure.mayHaveArrived : !chain.some(failedToConnect);
    const description = describe(chain.map(messageOf).findLast((message) => message !== '') ?? 'no answer', secrets);
    return arrived ? { kind: 'unanswered', description, status: null } : { kind: 'not_sent', description };
  } catch {
    return { kind: 'unanswered', description: 'no answer', status: null };
  }
}

/** The error and its causes, at most 8. */
function withCauses(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link != null && chain.length < 8; link = isRecord(link) ? link.cause : null) chain.push(link);
  return chain;
}

const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** For errors of another fetch than ours: whether the connection was never made. */
function failedToConnect(error: unknown): boolean {
  if (!isRecord(error)) return false;
  return neverConnected.has(String(error.code)) || error.syscall === 'connect' || error.syscall === 'getaddrinfo';
}

/** Errors of several addresses tried at once have a code and no message. */
function messageOf(error: unknown): string {
  if (!isRecord(error)) return '';
  if (typeof error.message === 'string' && error.message !== '') return error.message;
  return typeof error.code === 'string' ? error.code : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
