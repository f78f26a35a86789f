/**
 * A simulated Bot API over HTTP, with the rules and texts of Telegram as far as this project needs them. It is the world
 * in which a test runs the real client: chats with messages of any age, limits, faults on demand, and a record of all.
 */
import {
  type Chat,
  type ChatId,
  type ChatSpec,
  type ChatState,
  type Message,
  type MessageSpec,
  putMessage,
} from './bot-api/chats.ts';
import type { Fault } from './bot-api/faults.ts';
import { defaultLimits, type Limits } from './bot-api/limits.ts';
import { type BotApiHooks, Server } from './bot-api/server.ts';
import { Bot, type BotSpec, type Call, type Sent, World } from './bot-api/world.ts';

export type { ChatId, ChatSpec, ChatState, Message, MessageSpec } from './bot-api/chats.ts';
export type { Fault } from './bot-api/faults.ts';
export type { Limits } from './bot-api/limits.ts';
export type { BotSpec, Call, Sent } from './bot-api/world.ts';

export const botToken = '123456789:AAF-simulated-token_for-tests-0123456';
export const botUsername = 'sweep_test_bot';

export interface BotApiOptions extends BotApiHooks {
  /** One bot, `botToken`, where it is left out. */
  bots?: readonly BotSpec[];
  /** Milliseconds since 1970: what ages, limits and the record go by. */
  clock?: () => number;
  limits?: Partial<Limits>;
  /** How long an answer takes; the work is done when the call arrives. */
  latencyMs?: number;
  /** Keep every call in `calls`; on, but for `answerEverything`. */
  record?: boolean;
  /** For benchmarks: knows no chats and answers success at once, reading no parameters unless calls are recorded. */
  answerEverything?: boolean;
  /** 0, any free one, where it is left out. */
  port?: number;
}

export class BotApi {
  /** `http://127.0.0.1:…`, the value for `TELEGRAM_API_ROOT`. */
  readonly url: string;
  readonly #server: Server;
  readonly #world: World;

  constructor(server: Server, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
    this.#world = server.world;
  }

  /** Called when a call has arrived, before anything is done for it; the call waits for a promise. */
  set onCall(hook: BotApiHooks['onCall']) {
    this.#server.hooks.onCall = hook;
  }

  /** Called when a call's work is done (or refused), before its answer leaves; the answer waits for a promise. */
  set onDone(hook: BotApiHooks['onDone']) {
    this.#server.hooks.onDone = hook;
  }

  /** Every call in the order of arrival. Empty where recording is off. */
  get calls(): readonly Call[] {
    return this.#server.calls;
  }

  /** How many calls have arrived, recorded or not. */
  get callCount(): number {
    return this.#server.callCount;
  }

  /** How many were answered with 429. */
  get rateLimited(): number {
    return this.#server.rateLimited;
  }

  /** Calls whose answer is not out yet and whose client still waits. */
  get inFlight(): number {
    return this.#server.inFlight;
  }

  /** Paths that were asked for and are no Bot API: where a followed redirect ends up. */
  get strays(): readonly string[] {
    return this.#server.strays;
  }

  /** The largest number of calls of one bot in any stretch of `windowMs`. */
  callsPerWindow(windowMs: number): number {
    return Math.max(0, ...this.#server.allBots().map((bot) => bot.times.mostInWindow(windowMs)));
  }

  /** What bots sent, to one chat or to all, in order; also what was deleted since. */
  sent(chatId?: ChatId): readonly Sent[] {
    return this.#inChat(this.#world.sent, chatId);
  }

  /** What bots edited, the same way. */
  edits(chatId?: ChatId): readonly Sent[] {
    return this.#inChat(this.#world.edits, chatId);
  }

  /** The message as it stands now; undefined when it is gone. */
  message(chatId: ChatId, id: number): Message | undefined {
    return this.#world.message(chatId, id);
  }

  /** The ids that stand in a chat now. */
  messageIds(chatId: ChatId): number[] {
    return [...(this.#world.chats.find(chatId)?.messages.keys() ?? [])];
  }

  /** Adds a chat, in place of one with the same id. */
  addChat(spec: ChatSpec | ChatId): Chat {
    return this.#world.chats.add(typeof spec === 'object' ? spec : { id: spec });
  }

  /** Changes what stands between the bot and a chat. */
  setState(chatId: ChatId, state: ChatState): void {
    this.#chat(chatId).state = state;
  }

  /** Puts a message into a chat, which is made if there is none. Returns the message's id. */
  addMessage(chatId: ChatId, spec: MessageSpec = {}): number {
    return putMessage(this.#chat(chatId), spec, this.#world.clock()).id;
  }

  addMessages(chatId: ChatId, ids: readonly number[], spec: Omit<MessageSpec, 'id'> = {}): void {
    for (const id of ids) this.addMessage(chatId, { ...spec, id });
  }

  addBot(spec: BotSpec): Bot {
    return this.#server.addBot(new Bot(spec));
  }

  /** From now on the token is answered with 401. */
  revoke(token: string): void {
    this.#server.revoke(token);
  }

  /** Faults meet calls in the order in which they were given. */
  fault(...faults: Fault[]): void {
    this.#server.faults.push(...faults);
  }

  clearFaults(): void {
    this.#server.faults.clear();
  }

  /** Ends a wait that Telegram asked for, as if its time had passed. */
  endFlood(): void {
    for (const bot of this.#server.allBots()) bot.floodUntil = 0;
  }

  setLimits(limits: Partial<Limits>): void {
    this.#world.limits = { ...this.#world.limits, ...limits };
  }

  setLatency(ms: number): void {
    this.#server.latencyMs = ms;
  }

  setClock(clock: () => number): void {
    this.#world.clock = clock;
  }

  /** Closes kept-alive connections on which nothing is under way, in silence. */
  dropIdleConnections(): void {
    this.#server.http.closeIdleConnections();
  }

  /** Drops every connection and stops; calls under way are never answered. */
  close(): Promise<void> {
    return this.#server.close();
  }

  #chat(id: ChatId): Chat {
    return this.#world.chats.find(id) ?? this.addChat(id);
  }

  #inChat(list: readonly Sent[], chatId: ChatId | undefined): readonly Sent[] {
    if (chatId === undefined) return list;
    const id = this.#world.chats.find(chatId)?.id;
    return list.filter((sent) => sent.chatId === id);
  }
}

/** Starts the server on 127.0.0.1. */
export async function startBotApi(options: BotApiOptions = {}): Promise<BotApi> {
  const { answerEverything = false } = options;
  const world = new World({ ...defaultLimits, ...options.limits }, options.clock ?? Date.now);
  const server = new Server(world, {
    latencyMs: options.latencyMs ?? 0,
    record: options.record ?? !answerEverything,
    answerEverything,
  });
  server.hooks.onCall = options.onCall;
  server.hooks.onDone = options.onDone;
  for (const bot of options.bots ?? [{ token: botToken, username: botUsername }]) server.addBot(new Bot(bot));
  await new Promise<void>((resolve, reject) => {
    server.http.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.http.address();
  if (address === null || typeof address === 'string') throw new Error('the simulated Bot API listens on no port');
  return new BotApi(server, address.port);
}
