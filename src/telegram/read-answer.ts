/** Reads what the Bot API refuses. Pure: nothing here touches the network, and nothing throws. */
import { describe } from './description.ts';
import { type Method, meaningOf } from './meanings.ts';
import type { Outcome } from './outcome.ts';

/** Header names in lower case, as undici gives them. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface HttpAnswer {
  status: number;
  headers: AnswerHeaders;
  body: string;
}

/** An answer with another status than 2xx. */
export class RefusedAnswer extends Error {
  override name = 'RefusedAnswer';
  readonly answer: HttpAnswer;
  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}`);
    this.answer = answer;
  }
}

/**
 * Reads an answer that is no success.
 * @param secrets are taken out of descriptions
 */
export function readAnswer(
  method: Method,
  { status, headers, body }: HttpAnswer,
  secrets: readonly string[] = [],
): Outcome<never> {
  const parsed = parse(body);
  if (isRecord(parsed) && parsed.ok === true) {
    return { kind: 'unanswered', description: `HTTP ${status} with a body that says ok`, status: null };
  }
  return readRefusal(method, parsed, secrets, headers) ?? readBareStatus(status, headers);
}

/**
 * Reads `ok: false` of the Bot API.
 * @returns null for everything that is not in the Bot API's form
 */
export function readRefusal(
  method: Method,
  body: unknown,
  secrets: readonly string[] = [],
  headers: AnswerHeaders = {},
): Outcome<never> | null {
  if (!isRecord(body) || body.ok !== false) return null;
  const { error_code: code, description, parameters } = body;
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 400) return null;
  const told = typeof description === 'string' ? description : '';
  return meaningOfRefusal(method, code, told, isRecord(parameters) ? parameters : {}, headers, secrets);
}

/** A 2xx whose body is not the Bot API's, or an answer that is not its own: a proxy, a gateway or a wrong address spoke. */
export function readBareStatus(status: number, headers: AnswerHeaders = {}): Outcome<never> {
  if (status === 429) return { kind: 'rate_limited', retryAfterSeconds: retryAfter({}, '', headers) };
  if (status === 407) return { kind: 'not_sent', description: 'HTTP 407: the proxy wants other credentials' };
  const what =
    status >= 300 && status <= 399
      ? ', a redirect: the address of the Bot API is wrong'
      : ' without an answer of the Bot API';
  return { kind: 'unanswered', description: `HTTP ${status}${what}`, status: null };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function meaningOfRefusal(
  method: Method,
  code: number,
  told: string,
  parameters: Record<string, unknown>,
  headers: AnswerHeaders,
  secrets: readonly string[],
): Outcome<never> {
  const text = told.toLowerCase();
  const description = describe(told || `error ${code}`, secrets);
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

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
