/** Reads an answer of the Bot API. Pure: nothing here touches the network, and nothing throws. */
import { describe } from './description.ts';
import { type Method, meaningOf } from './meanings.ts';
import type { Outcome } from './outcome.ts';

/** Header names in lower case, as node:http gives them. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads an answer of the Bot API.
 * @param expect gives the result that the call promises, or undefined where it is something else
 * @param secrets are taken out of descriptions
 */
export function readAnswer<T>(
  method: Method,
  status: number,
  headers: AnswerHeaders,
  bodyText: string,
  expect: (result: unknown) => T | undefined,
  secrets: readonly string[] = [],
): Outcome<T> {
  const envelope = parseEnvelope(bodyText);
  if (envelope === null) return readBareStatus(status, headers);
  if (!envelope.ok) return readRefusal(envelope, method, headers, secrets);
  if (!(status >= 200 && status <= 299)) {
    return { kind: 'unanswered', description: `HTTP ${status} with a body that says ok`, status: null };
  }
  const result = expect(envelope.result);
  if (result === undefined) return { kind: 'unanswered', description: 'a success without the expected result', status };
  return { kind: 'ok', result };
}

type Envelope = { ok: true; result: unknown } | Refusal;
type Refusal = { ok: false; code: number; description: string; parameters: Record<string, unknown> };

/** Null for everything that is not an answer in the Bot API's form. */
function parseEnvelope(bodyText: string): Envelope | null {
  let body: unknown;
  try {
    body = JSON.parse(bodyText);
  } catch {
    return null;
  }
  if (!isRecord(body)) return null;
  if (body.ok === true) return { ok: true, result: body.result };
  const code = body.error_code;
  if (body.ok !== false || typeof code !== 'number' || !Number.isInteger(code) || code < 400) return null;
  return {
    ok: false,
    code,
    description: typeof body.description === 'string' ? body.description : '',
    parameters: isRecord(body.parameters) ? body.parameters : {},
  };
}

/** An answer that is not the Bot API's own: a proxy, a gateway or a wrong address spoke. */
function readBareStatus(status: number, headers: AnswerHeaders): Outcome<never> {
  if (status === 429) return { kind: 'rate_limited', retryAfterSeconds: retryAfter({}, '', headers) };
  if (status === 407) return { kind: 'not_sent', description: 'HTTP 407: the proxy wants other credentials' };
  if (status >= 300 && status <= 399) {
    return {
      kind: 'unanswered',
      description: `HTTP ${status}, a redirect: the address of the Bot API is wrong`,
      status: null,
    };
  }
  return { kind: 'unanswered', description: `HTTP ${status} without an answer of the Bot API`, status: null };
}

function readRefusal(
  refusal: Refusal,
  method: Method,
  headers: AnswerHeaders,
  secrets: readonly string[],
): Outcome<never> {
  const { code, parameters } = refusal;
  const text = refusal.description.toLowerCase();
  const description = describe(refusal.description || `error ${code}`, secrets);
  // It decides alone, whatever the text.
  const movedTo = chatIdOf(parameters.migrate_to_chat_id);
  if (movedTo !== null && code < 500) return { kind: 'chat_moved', chatId: movedTo };
  if (code === 429) return { kind: 'rate_limited', retryAfterSeconds: retryAfter(parameters, text, headers) };
  const meaning = meaningOf(method, code, text);
  switch (meaning) {
    case 'sent_already':
      return { kind: 'already_sent' };
    case 'flood_wait':
      return { kind: 'rate_limited', retryAfterSeconds: retryAfter(parameters, text, headers) };
    case 'unmodified':
      return { kind: 'unmodified' };
    case 'chat_unreachable':
      return { kind: 'chat_unreachable', description, proven: false };
    case 'chat_lost':
      return { kind: 'chat_unreachable', description, proven: true };
    case 'bad_id':
      return { kind: 'refused', description, scope: 'message' };
    case 'bad_call':
      return { kind: 'refused', description, scope: 'call' };
    case null:
      if (code >= 500) return { kind: 'unanswered', description, status: code };
      return { kind: 'refused', description, scope: 'unknown' };
    case 'unanswered':
      return { kind: 'unanswered', description, status: code };
    default:
      return { kind: meaning, description };
  }
}

/** Seconds, from the parameters, else the description, else the header, else 5. */
function retryAfter(parameters: Record<string, unknown>, text: string, headers: AnswerHeaders): number {
  const told = /(?:retry (?:after|in) |flood_wait_)(\d+)/.exec(text)?.[1];
  const value = secondsOf(parameters.retry_after) ?? secondsOf(told) ?? secondsOf(headers['retry-after']) ?? 5;
  return Math.min(Math.max(Math.ceil(value), 1), 10_000_000);
}

function secondsOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  return typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
}

function chatIdOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
