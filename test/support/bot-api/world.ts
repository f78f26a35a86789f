/** What the simulated Telegram remembers: its bots, chats, and a record of every call. */
import { tooManyRequests } from './answers.ts';
import type { Chat, ChatId, Message } from './chats.ts';
import { Chats } from './chats.ts';
import type { Fault } from './faults.ts';
import { CallTimes, type Limits, SlidingWindow } from './limits.ts';
import type { Params } from './request.ts';

export interface BotSpec {
  token: string;
  username?: string;
  firstName?: string;
}

export class Bot {
  readonly id: number;
  readonly token: string;
  readonly username: string;
  readonly firstName: string;
  /** Until when every call of the token meets 429, in milliseconds of the server's clock. */
  floodUntil = 0;
  readonly times = new CallTimes();
  /** The calls that were let through: what the limit counts. */
  readonly passed = new SlidingWindow();
  readonly sendsByChat = new Map<string, SlidingWindow>();

  constructor(spec: BotSpec) {
    this.id = Number(spec.token.split(':')[0]);
    this.token = spec.token;
    this.username = spec.username ?? `bot_${this.id}_bot`;
    this.firstName = spec.firstName ?? this.username;
  }
}

/** One call that reached the server. */
export interface Call {
  /** Counts from 1 over all bots. */
  readonly n: number;
  /** When it arrived, by the server's clock. */
  readonly at: number;
  /** Null for a token that no bot has. */
  readonly botId: number | null;
  /** As the client wrote it. */
  readonly method: string;
  /** Digits, or @name where no chat has the name; null for a call without a chat. */
  readonly chatId: string | null;
  /** The ids of `message_ids` or `message_id`; empty for others. */
  readonly messageIds: readonly number[];
  /** Structured fields are decoded, scalars stand as they came. */
  readonly params: Params;
  /** It took effect: the message was sent, edited or deleted, the question answered. */
  done: boolean;
  /** The HTTP status that was written to a living connection; null before that, and for good if it never was. */
  status: number | null;
  /** What was answered, where it was a refusal. */
  description: string | null;
  fault: Fault['kind'] | null;
}

/** A message that the bot sent, or the new text of one that it edited. Stays here after the message is deleted. */
export interface Sent {
  readonly call: Call;
  readonly at: number;
  readonly chatId: string;
  readonly messageId: number;
  /** The topic that it was sent to. */
  readonly threadId: number | null;
  /** The message that it answers. */
  readonly replyTo: number | null;
  /** As readers see it. */
  readonly text: string;
  readonly entities: readonly unknown[];
  readonly replyMarkup: unknown;
}

export class World {
  readonly chats = new Chats();
  readonly sent: Sent[] = [];
  readonly edits: Sent[] = [];
  limits: Limits;
  clock: () => number;

  constructor(limits: Limits, clock: () => number) {
    this.limits = limits;
    this.clock = clock;
  }

  message(chatId: ChatId, id: number): Message | undefined {
    return this.chats.find(chatId)?.messages.get(id);
  }

  /** Counts a call against the token's limit. Throws `Refused` with 429 where it is passed or a wait runs. */
  admit(bot: Bot, now: number): void {
    if (now < bot.floodUntil) throw tooManyRequests(Math.ceil((bot.floodUntil - now) / 1000));
    const { callsPerSecond, toleranceMs } = this.limits;
    if (callsPerSecond === 0) return;
    if (bot.passed.waitMs(now, callsPerSecond, 1000 - toleranceMs) > 0) {
      throw this.#flood(bot, now, this.limits.floodSeconds);
    }
    bot.passed.add(now, callsPerSecond);
  }

  /** Counts a send against the chat's limits. Throws `Refused` with 429 where one is passed. */
  admitSend(bot: Bot, chat: Chat, now: number): void {
    const { sendsPerSecondPerChat: rate, chatBurst, toleranceMs } = this.limits;
    const perMinute = chat.type === 'private' ? 0 : this.limits.groupSendsPerMinute;
    const sends = bot.sendsByChat.get(chat.id) ?? new SlidingWindow();
    bot.sendsByChat.set(chat.id, sends);
    const waits = [
      rate === 0 ? 0 : sends.waitMs(now, chatBurst, (1000 * chatBurst) / rate - toleranceMs),
      perMinute === 0 ? 0 : sends.waitMs(now, perMinute, 60_000 - toleranceMs),
    ];
    const wait = Math.max(...waits);
    if (wait > 0) throw this.#flood(bot, now, Math.ceil(wait / 1000));
    sends.add(now, Math.max(chatBurst, perMinute));
  }

  #flood(bot: Bot, now: number, seconds: number) {
    if (this.limits.floodPausesAll) bot.floodUntil = now + 1000 * seconds;
    return tooManyRequests(seconds);
  }
}
