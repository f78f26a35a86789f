/** The way of a call through the simulated server: read, recorded, checked, faulted or done, answered. */
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Answer, methodNotFound, notFound, Refused, unauthorized } from './answers.ts';
import { type Fault, Faults, play, type Reply, replyOf } from './faults.ts';
import { methods } from './methods.ts';
import { type Params, readBody, readParams, stringOf } from './request.ts';
import type { Bot, Call, World } from './world.ts';

export interface BotApiHooks {
  onCall?: ((call: Call) => void | Promise<void>) | undefined;
  onDone?: ((call: Call) => void | Promise<void>) | undefined;
}

interface ServerOptions {
  latencyMs: number;
  record: boolean;
  answerEverything: boolean;
}

/** A token has a bot's id, a colon and a secret; anything else is no path of the API. */
const path = /^\/bot(\d+:[\w-]{20,80})\/(\w+)(?:\?|$)/;

export class Server {
  readonly world: World;
  readonly http: HttpServer;
  readonly hooks: BotApiHooks = {};
  readonly faults = new Faults();
  readonly calls: Call[] = [];
  readonly strays: string[] = [];
  callCount = 0;
  rateLimited = 0;
  latencyMs: number;
  readonly #options: ServerOptions;
  readonly #bots = new Map<string, Bot>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Calls whose answer is not out yet and whose client still waits. */
  readonly #waiting = new Set<ServerResponse>();
  #sentInVain = 0;

  constructor(world: World, options: ServerOptions) {
    this.world = world;
    this.latencyMs = options.latencyMs;
    this.#options = options;
    // A kept-alive connection stays open: only a test may drop it.
    this.http = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.stderr.write(`The simulated Bot API failed: ${text}\n`);
        const description = `Internal Server Error: the simulated Bot API failed: ${text}`;
        this.#write(response, replyOf({ ok: false, error_code: 500, description }));
      });
    });
  }

  addBot(bot: Bot): Bot {
    this.#bots.set(bot.token, bot);
    return bot;
  }

  revoke(token: string): void {
    this.#bots.delete(token);
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  allBots(): Bot[] {
    return [...this.#bots.values()];
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    this.http.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#waiting.add(response);
    response.once('close', () => this.#waiting.delete(response));
    const body = await readBody(request).catch(() => null);
    if (body === null) return;
    const [, token = '', method = ''] = path.exec(request.url ?? '') ?? [];
    if (token === '') {
      this.strays.push(request.url ?? '');
      this.#write(response, replyOf(notFound().body));
      return;
    }

    const now = this.world.clock();
    const bot = this.#bots.get(token);
    bot?.times.add(now);
    const call = await this.#callOf(request, body, { now, bot, method });
    if (this.#options.record) this.calls.push(call);
    if (this.hooks.onCall) await this.hooks.onCall(call);
    const reply = this.#handle(call, bot);
    if (this.hooks.onDone) await this.hooks.onDone(call);

    const delayMs = this.latencyMs + ((reply.kind === 'answer' && reply.delayMs) || 0);
    if (delayMs === 0) this.#finish(call, response, reply);
    else this.#later(delayMs, () => this.#finish(call, response, reply));
  }

  async #callOf(
    request: IncomingMessage,
    body: Buffer,
    { now, bot, method }: { now: number; bot: Bot | undefined; method: string },
  ): Promise<Call> {
    const { answerEverything, record } = this.#options;
    const isRead = !answerEverything || record || this.faults.size > 0;
    const params: Params = isRead ? await readParams(request, body) : {};
    const chatId = stringOf(params.chat_id);
    const ids = Array.isArray(params.message_ids) ? params.message_ids : [params.message_id];
    return {
      n: ++this.callCount,
      at: now,
      botId: bot?.id ?? null,
      method,
      chatId: chatId === '' ? null : (this.world.chats.find(chatId)?.id ?? chatId),
      messageIds: ids.map(Number).filter(Number.isInteger),
      params,
      done: false,
      status: null,
      description: null,
      fault: null,
    };
  }

  /** Checks the call and does its work, or what a fault leaves of it. */
  #handle(call: Call, bot: Bot | undefined): Reply {
    try {
      if (!bot) throw unauthorized();
      this.world.admit(bot, call.at);
      const fault = this.faults.size > 0 ? this.faults.take(call) : null;
      return fault ? this.#fault(call, bot, fault) : replyOf(this.#work(call, bot));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      call.description = error.body.description;
      return replyOf(error.body);
    }
  }

  #fault(call: Call, bot: Bot, fault: Fault): Reply {
    call.fault = fault.kind;
    if (fault.kind === 'retry_after' && fault.pausesAll) bot.floodUntil = call.at + 1000 * fault.seconds;
    return play(
      fault,
      () => this.#work(call, bot),
      () => {
        const last = this.world.sent.at(-1);
        if (last?.call === call) this.world.chats.find(last.chatId)?.messages.delete(last.messageId);
      },
    );
  }

  #work(call: Call, bot: Bot): Answer {
    try {
      const name = call.method.toLowerCase();
      const method = methods.get(name);
      if (!method) throw methodNotFound();
      const knowsNoChats = this.#options.answerEverything && name !== 'getme';
      const result = knowsNoChats ? this.#success(name) : method({ world: this.world, bot, call, now: call.at });
      call.done = true;
      return { ok: true, result };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      call.description = error.body.description;
      return error.body;
    }
  }

  #success(name: string): unknown {
    if (name.startsWith('delete')) return true;
    return { message_id: ++this.#sentInVain, date: 0, chat: { id: 0, type: 'private' }, text: '' };
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  #finish(call: Call, response: ServerResponse, reply: Reply): void {
    if (reply.kind === 'answer' && !response.destroyed) {
      call.status = reply.status;
      if (reply.status === 429) this.rateLimited++;
    }
    this.#write(response, reply);
  }

  #write(response: ServerResponse, reply: Reply): void {
    if (reply.kind === 'hang' || response.destroyed) return;
    this.#waiting.delete(response);
    if (reply.kind === 'drop') {
      response.destroy();
      return;
    }
    const body = Buffer.from(reply.body);
    response.writeHead(reply.status, { 'content-type': reply.type, 'content-length': body.length, ...reply.headers });
    if (!reply.truncated) {
      response.end(body);
      return;
    }
    // The flushed half must be out before the connection goes.
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  }
}
