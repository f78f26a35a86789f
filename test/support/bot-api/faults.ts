/** Faults on demand: which call meets one, and what the client then sees. */
import type { Answer, Parameters } from './answers.ts';
import type { ChatId } from './chats.ts';
import { isRecord } from './request.ts';
import type { Call } from './world.ts';

/** Which calls meet the fault. Only calls with a good token that pass the limits are counted. */
export interface Aim {
  method?: string | readonly string[];
  /** All methods but these. */
  exceptMethod?: string | readonly string[];
  /** Calls that concern this chat, by its id. */
  chatId?: ChatId;
  /** Calls that hold this id among their messages. */
  messageId?: number;
  /** Calls of this bot, where a test runs two. */
  botId?: number;
  when?: (call: Call) => boolean;
  /** From the nth call that the rest of the aim fits; 1 where it is left out. */
  nth?: number;
  /** That many calls in a row; 1 where it is left out, Infinity for all. */
  times?: number;
}

export type Fault = Aim &
  (
    | { kind: 'hang'; work?: boolean }
    | { kind: 'late'; ms: number }
    | { kind: 'drop_before' | 'drop_after' }
    | { kind: '5xx_before' | '5xx_after'; code?: number; body?: 'json' | 'html' }
    /** 200 with a page instead of JSON. */
    | { kind: 'html'; work: boolean; code?: number }
    | { kind: 'redirect'; location?: string; code?: number }
    /** With `pausesAll` every other call of the token meets 429 until the wait is over (see `BotApi.endFlood`). */
    | { kind: 'retry_after'; seconds: number; pausesAll?: boolean }
    | { kind: 'error'; code: number; description: string; parameters?: Parameters; work?: boolean }
    /** The work is done; half of the answer arrives, then the connection closes. */
    | { kind: 'truncated' }
    /** The message is sent, and gone at once: 500 `sent message was immediately deleted`. */
    | { kind: 'deleted_at_once' }
    /** The message is sent; the answer says 0 for its id, as where Telegram puts a message off. */
    | { kind: 'id_zero' }
    /** `true` without any work, as `deleteMessages` answers where the server cannot fetch the messages. */
    | { kind: 'true_without_work' }
  );

/** What goes to the client. */
export type Reply = { kind: 'hang' } | { kind: 'drop' } | Written;

interface Written {
  kind: 'answer';
  status: number;
  body: string;
  type: 'application/json' | 'text/html';
  headers?: Record<string, string>;
  truncated?: boolean;
  delayMs?: number;
}

const page = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body><center><h1>${title}</h1></center></body>\r\n</html>\r\n`;

const statusNames: Record<number, string> = {
  200: 'It works!',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const html = (status: number): Written => ({
  kind: 'answer',
  status,
  body: page(status === 200 ? 'It works!' : `${status} ${statusNames[status] ?? 'Error'}`),
  type: 'text/html',
});

/** The reply to an answer in Telegram's own form. */
export function replyOf(answer: Answer): Written {
  const status = answer.ok ? 200 : answer.error_code;
  const seconds = answer.ok ? undefined : answer.parameters?.retry_after;
  return {
    kind: 'answer',
    status,
    body: JSON.stringify(answer),
    type: 'application/json',
    ...(seconds === undefined ? {} : { headers: { 'retry-after': String(seconds) } }),
  };
}

const refusal = (error_code: number, description: string, parameters?: Parameters): Written =>
  replyOf({ ok: false, error_code, description, ...(parameters ? { parameters } : {}) });

const idZero = (message: Record<string, unknown>): Answer => ({ ok: true, result: { ...message, message_id: 0 } });

/** Does what the fault leaves of the call: `work` does it and returns its answer, `undo` takes a sent message away. */
export function play(fault: Fault, work: () => Answer, undo: () => void): Reply {
  switch (fault.kind) {
    case 'hang':
      if (fault.work) work();
      return { kind: 'hang' };
    case 'late':
      return { ...replyOf(work()), delayMs: fault.ms };
    case 'drop_after':
      work();
      return { kind: 'drop' };
    case 'drop_before':
      return { kind: 'drop' };
    case '5xx_before':
    case '5xx_after': {
      if (fault.kind === '5xx_after') work();
      const code = fault.code ?? 502;
      return fault.body === 'html' ? html(code) : refusal(code, statusNames[code] ?? 'Internal Server Error');
    }
    case 'html':
      if (fault.work) work();
      return html(fault.code ?? 200);
    case 'redirect': {
      const location = fault.location ?? '/elsewhere';
      return { kind: 'answer', status: fault.code ?? 302, body: '', type: 'text/html', headers: { location } };
    }
    case 'retry_after':
      return refusal(429, `Too Many Requests: retry after ${fault.seconds}`, { retry_after: fault.seconds });
    case 'error':
      if (fault.work) work();
      return refusal(fault.code, fault.description, fault.parameters);
    case 'truncated':
      return { ...replyOf(work()), truncated: true };
    case 'deleted_at_once': {
      const answer = work();
      // What the chat refuses was never sent.
      if (!answer.ok) return replyOf(answer);
      undo();
      return refusal(500, 'Internal Server Error: sent message was immediately deleted');
    }
    case 'id_zero': {
      const answer = work();
      return replyOf(answer.ok && isRecord(answer.result) ? idZero(answer.result) : answer);
    }
    case 'true_without_work':
      return replyOf({ ok: true, result: true });
  }
}

/** Telegram does not mind the case of a method. */
const names = (methods: string | readonly string[], called: string): boolean =>
  [methods].flat().some((method) => method.toLowerCase() === called.toLowerCase());

function fits({ method, exceptMethod, chatId, messageId, botId, when }: Aim, call: Call): boolean {
  if (method !== undefined && !names(method, call.method)) return false;
  if (exceptMethod !== undefined && names(exceptMethod, call.method)) return false;
  if (chatId !== undefined && String(chatId) !== call.chatId) return false;
  if (messageId !== undefined && !call.messageIds.includes(messageId)) return false;
  if (botId !== undefined && botId !== call.botId) return false;
  return when?.(call) ?? true;
}

/** The faults in waiting. The first whose aim fits a call takes it; each counts only the calls that reach it. */
export class Faults {
  readonly #list: { fault: Fault; seen: number }[] = [];

  get size(): number {
    return this.#list.length;
  }

  push(...faults: Fault[]): void {
    for (const fault of faults) this.#list.push({ fault, seen: 0 });
  }

  clear(): void {
    this.#list.length = 0;
  }

  take(call: Call): Fault | null {
    for (const [index, entry] of this.#list.entries()) {
      const { nth = 1, times = 1 } = entry.fault;
      if (!fits(entry.fault, call)) continue;
      entry.seen++;
      if (entry.seen < nth) continue;
      if (entry.seen >= nth + times - 1) this.#list.splice(index, 1);
      return entry.fault;
    }
    return null;
  }
}
