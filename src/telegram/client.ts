/**
 * The Bot API as methods that return outcomes. The library encodes each call and reads its success; what a refusal or a
 * lost answer means is decided here, because the library cannot tell a call that never left from one that lost its answer.
 */
import type { Api, ParseError, TelegramApiError } from 'node-telegram-bot-api';
import { botIdOf } from '../settings/formats.ts';
import { connectionsTo } from './connections.ts';
import { causeOf, readFailure } from './failure.ts';
import { createHttpFetch, type HttpFetch } from './http-fetch.ts';
import type { Method } from './meanings.ts';
import type { Button } from './notice.ts';
import type { Outcome } from './outcome.ts';
import { decodeAddressPart } from './proxy.ts';
import { RefusedAnswer, readAnswer, readBareStatus, readRefusal } from './read-answer.ts';
import type { Chat, ChatMember, Me, SentMessage } from './result.ts';
import { asChat, asChatMember, asMe, asSentMessage, asTrue, asTrueOrMessage } from './result.ts';

export interface TextMessage {
  /** Digits or `@name`; text, because ids outgrow a double. */
  chatId: string;
  text: string;
  parseMode?: 'MarkdownV2' | undefined;
  button?: Button | null | undefined;
  /** The topic of a forum. */
  threadId?: number | null | undefined;
  /** The message of the chat that it answers; it is sent all the same where that one is gone. */
  replyTo?: number | null | undefined;
}

/**
 * No method throws. A call whose `signal` aborts is `not_sent` if it never left, else `unanswered`.
 * Nothing is repeated here.
 */
export interface Client {
  /** The digits before the token's colon. */
  readonly botId: string;
  getMe(signal?: AbortSignal): Promise<Outcome<Me>>;
  deleteMessage(chatId: string, messageId: number, signal?: AbortSignal): Promise<Outcome>;
  /** 1 to 100 ids of one chat. `ok` is no proof for each id: those not found are skipped. */
  deleteMessages(chatId: string, messageIds: readonly number[], signal?: AbortSignal): Promise<Outcome>;
  sendMessage(message: TextMessage, signal?: AbortSignal): Promise<Outcome<SentMessage>>;
  editMessageText(message: TextMessage & { messageId: number }, signal?: AbortSignal): Promise<Outcome>;
  getChat(chatId: string, signal?: AbortSignal): Promise<Outcome<Chat>>;
  getChatMember(chatId: string, userId: string, signal?: AbortSignal): Promise<Outcome<ChatMember>>;
  /** Drops the calls under way and every connection. */
  close(): void;
}

export interface ClientOptions {
  apiRoot: string;
  /** For one whole call. */
  timeoutMs: number;
  proxy: string | null;
  /** Instead of undici's, for tests. */
  fetch?: HttpFetch;
}

/**
 * Loads the library, so call it only when something is due.
 * @throws where the token is empty
 */
export async function createClient(token: string, options: ClientOptions): Promise<Client> {
  const library = await import('node-telegram-bot-api');
  const { apiRoot, timeoutMs, proxy } = options;
  const http = createHttpFetch({ connections: connectionsTo(apiRoot, proxy, timeoutMs), timeoutMs });
  const fetch = fetchOf(options.fetch ?? http.fetch);
  // The transport has a time limit of its own, and whoever calls decides what is repeated.
  const api = new library.Api(token, { apiRoot, timeoutMs: 0, maxRetries: 0, fetch });
  return new BotClient(token, { api, library, close: http.close, secrets: secretsOf(token, proxy) });
}

/**
 * The transport as the library asks for one. Of a success it needs `status` and `text()` alone: a real Response would load
 * Node's fetch, and cost 20 µs a call. Any other answer is thrown, so that it comes back whole as the cause of an error.
 */
function fetchOf(post: HttpFetch): typeof globalThis.fetch {
  const fetch = async (url: string, init: FetchInit): Promise<Pick<Response, 'status' | 'text'>> => {
    const answer = await post(url, { headers: init.headers, body: String(init.body), signal: init.signal });
    if (answer.status < 200 || answer.status > 299) throw new RefusedAnswer(answer);
    return { status: answer.status, text: async () => answer.body };
  };
  return fetch as typeof globalThis.fetch;
}

/** What the library hands to its fetch for a call without files. */
interface FetchInit {
  headers: Record<string, string>;
  body: URLSearchParams;
  signal?: AbortSignal;
}

interface Parts {
  api: Api;
  library: { TelegramApiError: typeof TelegramApiError; ParseError: typeof ParseError };
  close: () => void;
  secrets: readonly string[];
}

class BotClient implements Client {
  readonly botId: string;
  // A private field, because an inspected client must not show the token.
  readonly #parts: Parts;

  constructor(token: string, parts: Parts) {
    this.botId = botIdOf(token);
    this.#parts = parts;
  }

  getMe(signal?: AbortSignal): Promise<Outcome<Me>> {
    return this.#call('getMe', (api) => api.getMe(signal), asMe);
  }

  deleteMessage(chatId: string, messageId: number, signal?: AbortSignal): Promise<Outcome> {
    const params = { chat_id: chatId, message_id: messageId };
    return this.#call('deleteMessage', (api) => api.deleteMessage(params, signal), asTrue);
  }

  deleteMessages(chatId: string, messageIds: readonly number[], signal?: AbortSignal): Promise<Outcome> {
    const params = { chat_id: chatId, message_ids: [...messageIds] };
    return this.#call('deleteMessages', (api) => api.deleteMessages(params, signal), asTrue);
  }

  sendMessage(message: TextMessage, signal?: AbortSignal): Promise<Outcome<SentMessage>> {
    return this.#call('sendMessage', (api) => api.sendMessage(textParams(message), signal), asSentMessage);
  }

  editMessageText(message: TextMessage & { messageId: number }, signal?: AbortSignal): Promise<Outcome> {
    const params = { ...textParams(message), message_id: message.messageId };
    return this.#call('editMessageText', (api) => api.editMessageText(params, signal), asTrueOrMessage);
  }

  getChat(chatId: string, signal?: AbortSignal): Promise<Outcome<Chat>> {
    return this.#call('getChat', (api) => api.getChat({ chat_id: chatId }, signal), asChat);
  }

  getChatMember(chatId: string, userId: string, signal?: AbortSignal): Promise<Outcome<ChatMember>> {
    const params = { chat_id: chatId, user_id: Number(userId) };
    return this.#call('getChatMember', (api) => api.getChatMember(params, signal), asChatMember);
  }

  close(): void {
    this.#parts.close();
  }

  async #call<T>(
    method: Method,
    invoke: (api: Api) => Promise<unknown>,
    expect: (result: unknown) => T | undefined,
  ): Promise<Outcome<T>> {
    try {
      const result = expect(await invoke(this.#parts.api));
      if (result !== undefined) return { kind: 'ok', result };
      return { kind: 'unanswered', description: 'a success without the expected result', status: 200 };
    } catch (error) {
      return this.#readError(method, error);
    }
  }

  #readError(method: Method, error: unknown): Outcome<never> {
    const { library, secrets } = this.#parts;
    const refused = causeOf(error, RefusedAnswer);
    if (refused !== undefined) return readAnswer(method, refused.answer, secrets);
    if (error instanceof library.TelegramApiError) {
      const { errorCode: error_code, description, parameters } = error;
      return readRefusal(method, { ok: false, error_code, description, parameters }, secrets) ?? readBareStatus(200);
    }
    if (error instanceof library.ParseError) return readBareStatus(200);
    return readFailure(error, secrets);
  }
}

function textParams({ chatId, text, parseMode, button, threadId, replyTo }: TextMessage) {
  return {
    chat_id: chatId,
    text,
    ...(parseMode && { parse_mode: parseMode }),
    ...(threadId && { message_thread_id: threadId }),
    ...(replyTo && { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    ...(button && { reply_markup: { inline_keyboard: [[{ text: button.text, url: button.url }]] } }),
  };
}

/** What no description may hold. Parts too short to be secret are left alone: they would garble every text. */
function secretsOf(token: string, proxy: string | null): string[] {
  const password = proxy === null ? '' : new URL(proxy).password;
  const parts = [token.slice(token.indexOf(':') + 1), password, decodeAddressPart(password)];
  const secrets = [token, ...parts.filter((part) => part.length >= 6)];
  return [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))];
}
