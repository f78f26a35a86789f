/**
 * The Bot API as methods that return outcomes. The library encodes each call; what its answer means is decided by
 * `outcome.ts` from the raw answer, because the library cannot tell a call that never left from one that lost its answer.
 */
import type { Api } from 'node-telegram-bot-api';
import { connectionsTo } from './connections.ts';
import { readFailure } from './failure.ts';
import { createHttpFetch, type HttpAnswer, type HttpFetch } from './http-fetch.ts';
import type { Method } from './meanings.ts';
import type { Button } from './notice.ts';
import type { Outcome } from './outcome.ts';
import { decodeAddressPart } from './proxy.ts';
import { readAnswer } from './read-answer.ts';
import type { Chat, ChatMember, Me, SentMessage } from './result.ts';
import { asChat, asChatMember, asMe, asSentMessage, asTrue, asTrueOrMessage } from './result.ts';

export interface TextMessage {
  /** Digits or `@name`; text, because ids outgrow a double. */
  chatId: string;
  text: string;
  parseMode?: 'MarkdownV2' | undefined;
  button?: Button | null | undefined;
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

/** Loads the library, so call it only when something is due. */
export async function createClient(token: string, options: ClientOptions): Promise<Client> {
  const { Api } = await import('node-telegram-bot-api');
  const { apiRoot, timeoutMs, proxy } = options;
  const http = createHttpFetch({ connections: connectionsTo(apiRoot, proxy, timeoutMs), timeoutMs });
  return new BotClient(token, {
    Api,
    apiRoot,
    fetch: options.fetch ?? http.fetch,
    close: http.close,
    secrets: secretsOf(token, proxy),
  });
}

interface Parts {
  Api: typeof Api;
  apiRoot: string;
  fetch: HttpFetch;
  close: () => void;
  secrets: readonly string[];
}

class BotClient implements Client {
  readonly botId: string;
  // Private fields, because an inspected client must not show the token.
  readonly #token: string;
  readonly #parts: Parts;

  constructor(token: string, parts: Parts) {
    this.botId = token.split(':', 1)[0] ?? '';
    this.#token = token;
    this.#parts = parts;
  }

  getMe(signal?: AbortSignal): Promise<Outcome<Me>> {
    return this.#call('getMe', (api) => api.getMe(), asMe, signal);
  }

  deleteMessage(chatId: string, messageId: number, signal?: AbortSignal): Promise<Outcome> {
    const params = { chat_id: chatId, message_id: messageId };
    return this.#call('deleteMessage', (api) => api.deleteMessage(params), asTrue, signal);
  }

  deleteMessages(chatId: string, messageIds: readonly number[], signal?: AbortSignal): Promise<Outcome> {
    const params = { chat_id: chatId, message_ids: [...messageIds] };
    return this.#call('deleteMessages', (api) => api.deleteMessages(params), asTrue, signal);
  }

  sendMessage(message: TextMessage, signal?: AbortSignal): Promise<Outcome<SentMessage>> {
    return this.#call('sendMessage', (api) => api.sendMessage(textParams(message)), asSentMessage, signal);
  }

  editMessageText(message: TextMessage & { messageId: number }, signal?: AbortSignal): Promise<Outcome> {
    const params = { ...textParams(message), message_id: message.messageId };
    return this.#call('editMessageText', (api) => api.editMessageText(params), asTrueOrMessage, signal);
  }

  getChat(chatId: string, signal?: AbortSignal): Promise<Outcome<Chat>> {
    return this.#call('getChat', (api) => api.getChat({ chat_id: chatId }), asChat, signal);
  }

  getChatMember(chatId: string, userId: string, signal?: AbortSignal): Promise<Outcome<ChatMember>> {
    const params = { chat_id: chatId, user_id: Number(userId) };
    return this.#call('getChatMember', (api) => api.getChatMember(params), asChatMember, signal);
  }

  close(): void {
    this.#parts.close();
  }

  /** One `Api` a call, so that its fetch can hand the raw answer to this call; making one costs next to nothing. */
  async #call<T>(
    method: Method,
    invoke: (api: Api) => Promise<unknown>,
    expect: (result: unknown) => T | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Outcome<T>> {
    const { Api, apiRoot, fetch, secrets } = this.#parts;
    const heard: { left: boolean; answer: HttpAnswer | null } = { left: false, answer: null };
    const hear = async (url: string, init: { body: unknown; headers: Record<string, string> }) => {
      heard.left = true;
      const answer = await fetch(url, { headers: init.headers, body: String(init.body), signal });
      heard.answer = answer;
      return { status: answer.status, text: async () => answer.body };
    };
    let failure: unknown;
    try {
      // The library needs `status` and `text()` alone; a real Response would load Node's fetch.
      const fetchAsGlobal = hear as unknown as typeof globalThis.fetch;
      await invoke(new Api(this.#token, { apiRoot, timeoutMs: 0, maxRetries: 0, fetch: fetchAsGlobal }));
    } catch (error) {
      failure = error;
    }
    const { answer, left } = heard;
    if (answer !== null) return readAnswer(method, answer.status, answer.headers, answer.body, expect, secrets);
    const outcome = readFailure(failure, secrets);
    if (!left && outcome.kind === 'unanswered') return { kind: 'not_sent', description: outcome.description };
    return outcome;
  }
}

function textParams({ chatId, text, parseMode, button }: TextMessage) {
  return {
    chat_id: chatId,
    text,
    ...(parseMode && { parse_mode: parseMode }),
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
