/** What an answer of the Bot API means, as a value. Pure: nothing here touches the network, and nothing throws. */
import { describe } from './description.ts';

export type Outcome<T = true> =
  | { kind: 'ok'; result: T }
  /** The message to delete is not there: done already. */
  | { kind: 'gone' }
  /** Too old if 48 hours have passed, else rights are missing. */
  | { kind: 'undeletable'; description: string }
  /** The same edit was made before: done. */
  | { kind: 'unmodified' }
  /** The message to edit is not there, is not the bot's, or holds no text. */
  | { kind: 'uneditable'; description: string }
  /** The text or its button is at fault, in every chat alike. */
  | { kind: 'bad_text'; description: string }
  | { kind: 'chat_unreachable'; description: string }
  /** The group became a supergroup: sends go to `chatId`; old message ids do not carry over. */
  | { kind: 'chat_moved'; chatId: string }
  /** Rights are missing: an operator can mend it. */
  | { kind: 'forbidden'; description: string }
  /** The token or the address is wrong: the pass cannot go on. */
  | { kind: 'token_refused'; description: string }
  /** Nothing was done; ask again after this many seconds (1 to 10,000,000). */
  | { kind: 'rate_limited'; retryAfterSeconds: number }
  /** The message was sent, and deleted at once by the chat: do not repeat it. */
  | { kind: 'already_sent' }
  /** The call may or may not have been carried out. */
  | { kind: 'unanswered'; description: string }
  /** Proven: the call did not reach Telegram, so a send may be repeated. */
  | { kind: 'not_sent'; description: string }
  /** Any other 4xx. */
  | { kind: 'refused'; description: string };

/** Header names in lower case, as node:http gives them. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads an answer of the Bot API.
 * @param expect gives the result that the call promises, or undefined where it is something else
 * @param secrets are taken out of descriptions
 */
export function readAnswer<T>(
  status: number,
  headers: AnswerHeaders,
  bodyText: string,
  expect: (result: unknown) => T | undefined,
  secrets: readonly string[] = [],
): Outcome<T> {
  const envelope = parseEnvelope(bodyText);
  if (envelope === null) return readBareStatus(status, headers);
  if (!envelope.ok) return readRefusal(envelope, headers, secrets);
  if (!(status >= 200 && status <= 299)) {
    return { kind: 'unanswered', description: `HTTP ${status} with a body that says ok` };
  }
  const result = expect(envelope.result);
  if (result === undefined) return { kind: 'unanswered', description: 'a success without the expected result' };
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
    return { kind: 'unanswered', description: `HTTP ${status}, a redirect: the address of the Bot API is wrong` };
  }
  return { kind: 'unanswered', description: `HTTP ${status} without an answer of the Bot API` };
}

type DescribedKind = 'undeletable' | 'uneditable' | 'bad_text' | 'chat_unreachable' | 'forbidden' | 'token_refused';

/**
 * Pieces of descriptions in lower case: the table "What an answer means", and texts of the same meaning in the server's
 * source (tdlib/telegram-bot-api Client.cpp). `bad_text` comes first because its descriptions quote the text.
 */
const meanings: readonly { code: number; kind: DescribedKind | 'gone' | 'unmodified'; pieces: readonly string[] }[] = [
  {
    code: 400,
    kind: 'bad_text',
    pieces: [
      "can't parse entities",
      "can't parse inline keyboard button",
      'message text is empty',
      'message is too long',
      'text is too long',
      'reply markup is too long',
      'button_url_invalid',
      'inline keyboard button url',
    ],
  },
  { code: 400, kind: 'gone', pieces: ['message to delete not found'] },
  { code: 400, kind: 'undeletable', pieces: ["message can't be deleted"] },
  { code: 400, kind: 'unmodified', pieces: ['message is not modified'] },
  {
    code: 400,
    kind: 'uneditable',
    pieces: ['message to edit not found', "message can't be edited", 'there is no text in the message to edit'],
  },
  { code: 400, kind: 'chat_unreachable', pieces: ['chat not found', 'peer_id_invalid'] },
  {
    code: 400,
    kind: 'forbidden',
    pieces: [
      'need administrator rights',
      'not enough rights',
      'have no rights',
      'chat_admin_required',
      'chat_write_forbidden',
      'channel_private',
    ],
  },
  { code: 400, kind: 'token_refused', pieces: ['logged out'] },
  {
    code: 403,
    kind: 'chat_unreachable',
    pieces: [
      'bot was blocked by the user',
      'user is deactivated',
      'bot was kicked from',
      'bot is not a member of',
      'the group chat was deleted',
      "bot can't initiate conversation",
    ],
  },
  { code: 403, kind: 'forbidden', pieces: [''] },
  { code: 401, kind: 'token_refused', pieces: [''] },
  { code: 421, kind: 'token_refused', pieces: [''] },
];

function readRefusal(refusal: Refusal, headers: AnswerHeaders, secrets: readonly string[]): Outcome<never> {
  const { code, parameters } = refusal;
  const text = refusal.description.toLowerCase();
  const description = describe(refusal.description || `error ${code}`, secrets);
  if (code === 429) return { kind: 'rate_limited', retryAfterSeconds: retryAfter(parameters, text, headers) };
  if (code >= 500) {
    const sent = code === 500 && text.includes('sent message was immediately deleted');
    return sent ? { kind: 'already_sent' } : { kind: 'unanswered', description };
  }
  if (code === 400 && text.includes('group chat was upgraded to a supergroup chat')) {
    const chatId = chatIdOf(parameters.migrate_to_chat_id);
    return chatId === null ? { kind: 'refused', description } : { kind: 'chat_moved', chatId };
  }
  // Only the bare text speaks of the token: `Not Found: method not found` does not.
  if (code === 404 && text.trim() === 'not found') return { kind: 'token_refused', description };
  const meaning = meanings.find((row) => row.code === code && row.pieces.some((piece) => text.includes(piece)));
  if (meaning === undefined) return { kind: 'refused', description };
  if (meaning.kind === 'gone' || meaning.kind === 'unmodified') return { kind: meaning.kind };
  return { kind: meaning.kind, description };
}

/** Seconds, from the parameters, else the description, else the header, else 5. */
function retryAfter(parameters: Record<string, unknown>, text: string, headers: AnswerHeaders): number {
  const told = /retry after (\d+)/.exec(text)?.[1];
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
