/**
 * What the days of a simulated bot came to, kept beside telesweep and by other means: which rows went from one look at the
 * tables to the next, and what the simulated Telegram answered for their messages.
 */
import type { Call } from '../support/bot-api.ts';
import type { TestDatabase } from '../support/postgres.ts';

interface Token {
  status: string;
  created: string;
}
interface Counter {
  date: string;
  generated: number;
}
interface Record_ {
  chat: string;
  ids: number[];
  delete_at: string;
  settled: boolean;
  claimed: boolean;
  failure: string | null;
}
interface Message {
  broadcast: string;
  chat: string;
  message: number;
  failure: string | null;
}

/** The bot's tables at a moment. */
export interface Look {
  tokens: Record<string, Token>;
  counters: Record<string, Counter>;
  records: Record<string, Record_>;
  messages: Record<string, Message>;
  broadcasts: Record<string, { failure: string | null }>;
  posts: Record<string, { state: string }>;
  users: { joined: string; banned: boolean }[];
}

export async function look(db: TestDatabase): Promise<Look> {
  const keyed = (key: string, row: string, from: string): string =>
    `(select coalesce(json_object_agg(${key}, json_build_object(${row})), '{}') from ${from})`;
  const [row] = await db.query<Look>(`select
    ${keyed('token', "'status', status, 'created', created_at", 'tokens')} as tokens,
    ${keyed("user_id || ' ' || date", "'date', date, 'generated', token_generated", 'token_generator_count')} as counters,
    ${keyed(
      'id',
      `'chat', chat_id::text, 'ids', message_ids, 'delete_at', delete_at, 'settled', messages_deleted_at is not null,
       'claimed', notice_started_at is not null, 'failure', failure`,
      'pending_deletions',
    )} as records,
    ${keyed(
      "broadcast_id || ' ' || chat_id || ' ' || message_id",
      "'broadcast', broadcast_id::text, 'chat', chat_id::text, 'message', message_id, 'failure', failure",
      'broadcast_messages',
    )} as messages,
    ${keyed('id', "'failure', failure", 'broadcasts')} as broadcasts,
    ${keyed("slot || ' ' || chat_id", "'state', state", 'telesweep.guide_posts')} as posts,
    (select coalesce(json_agg(json_build_object('joined', joined_at, 'banned', is_banned)), '[]') from users) as users`);
  if (row === undefined) throw new Error('the look returned no row');
  return row;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `YYYY-MM-DD`, by ICU's rules for the zone and not by PostgreSQL's. */
export function dayOf(ms: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format.format(ms);
}

/** Days before or after one. */
function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Passes that ended, between two looks. */
export interface Happened {
  before: Look;
  after: Look;
  /** What Telegram was asked meanwhile. */
  calls: readonly Call[];
  /** The moment, in milliseconds since 1970, and TIMEZONE then. */
  at: number;
  zone: string;
  /** The passes lived to their end; one that was killed closes nothing. */
  closed: boolean;
  notice: string;
  isBlocked(chat: string): boolean;
}

export class Truth {
  readonly #days = new Map<string, Map<string, number | '*'>>();
  readonly #statsDays: number;
  #lastNewDay: string | null = null;
  readonly #lookedAt = new Set<string>();

  constructor(statsDays: number) {
    this.#statsDays = statsDays;
  }

  /** One line for each figure: `2026-03-01 messages_deleted 3`. */
  lines(): string[] {
    const lines = [...this.#days].flatMap(([day, figures]) =>
      [...figures].map(([metric, value]) => `${day} ${metric} ${value}`),
    );
    return lines.sort();
  }

  note(happened: Happened): void {
    const { at, zone, closed, calls } = happened;
    const today = dayOf(at, zone);
    this.#tokens(happened);
    this.#records(happened, today);
    this.#broadcasts(happened, today);
    this.#guides(happened, today);
    if (!closed) return;
    this.#add(today, 'calls', calls.length);
    this.#add(today, 'rate_limited', calls.filter(({ status }) => status === 429).length);
    this.#look(happened, today);
    for (const day of [...this.#days.keys()]) if (day < shifted(today, -this.#statsDays)) this.#days.delete(day);
  }

  #add(day: string, metric: string, n = 1): void {
    if (n === 0) return;
    const figures = this.#days.get(day) ?? new Map<string, number | '*'>();
    this.#days.set(day, figures.set(metric, Number(figures.get(metric) ?? 0) + n));
  }

  #set(day: string, metric: string, value: number | '*'): void {
    const figures = this.#days.get(day) ?? new Map<string, number | '*'>();
    this.#days.set(day, figures.set(metric, value));
  }

  #tokens({ before, after, zone }: Happened): void {
    for (const [token, { status, created }] of Object.entries(before.tokens)) {
      if (!(token in after.tokens)) this.#add(dayOf(Date.parse(created), zone), `tokens_${status}`);
    }
    for (const [key, { date, generated }] of Object.entries(before.counters)) {
      if (key in after.counters) continue;
      this.#add(date, 'token_users');
      this.#add(date, 'tokens_generated', generated);
    }
  }

  #records(happened: Happened, today: string): void {
    const { before, after, calls, notice, isBlocked } = happened;
    const unreachable = new Set<string>();
    for (const [id, was] of Object.entries(before.records)) {
      if (was.failure !== null) continue;
      const is = after.records[id];
      const failure = is?.failure ?? null;
      const blocked = isBlocked(was.chat);
      const ended = is === undefined || is.settled;
      if (failure === 'bad_message_id') {
        const bad = was.ids.filter((one) => one < 1);
        this.#given(today, failure, bad.length);
        if (bad.length < was.ids.length) this.#settled(was, happened, today);
      } else if (failure !== null) this.#given(today, failure, was.ids.length);
      else if (ended && !was.settled && !(blocked && is === undefined)) this.#settled(was, happened, today);
      if (is !== undefined) continue;
      if (was.claimed) this.#add(today, 'notices_uncertain');
      else if (blocked) unreachable.add(was.chat);
      else if (notice !== 'none') {
        const lost = calls.some((call) => call.chatId === was.chat && call.fault === 'drop_after');
        this.#add(today, lost ? 'notices_uncertain' : 'notices_sent');
      }
    }
    this.#add(today, 'chats_unreachable', unreachable.size);
  }

  #given(today: string, failure: string, messages: number): void {
    this.#add(today, 'messages_failed', messages);
    this.#add(today, `messages_failed:${failure}`, messages);
  }

  /** Telegram has answered for a record's messages. */
  #settled({ chat, ids, delete_at }: Record_, { calls, at }: Happened, today: string): void {
    for (const id of ids) {
      const answer = answerFor(calls, chat, id);
      if (answer !== null) this.#add(today, `messages_${answer}`);
    }
    const minutes = (at - Date.parse(delete_at)) / 60_000;
    const bound = [1, 5, 60].find((most) => minutes < most);
    const names: Record<string, string> = { 1: 'late_within_1m', 5: 'late_within_5m', 60: 'late_within_1h' };
    this.#add(today, names[String(bound)] ?? 'late_over_1h');
  }

  #broadcasts({ before, after, calls, isBlocked }: Happened, today: string): void {
    const unreachable = new Set<string>();
    const reached = new Set<string>();
    for (const [key, { broadcast, chat, message, failure }] of Object.entries(before.messages)) {
      if (failure !== null) continue;
      const is = after.messages[key];
      if (is?.failure) {
        this.#add(today, 'broadcast_messages_failed');
        if (is.failure === 'too_old') this.#add(today, 'broadcast_messages_too_old');
      }
      if (is !== undefined) continue;
      if (isBlocked(chat)) unreachable.add(chat);
      else {
        this.#add(today, `broadcast_messages_${answerFor(calls, chat, message)}`);
        reached.add(`${broadcast} ${chat}`);
      }
    }
    const left = new Set(Object.values(after.messages).map(({ broadcast, chat }) => `${broadcast} ${chat}`));
    this.#add(today, 'broadcast_chats_reached', [...reached].filter((one) => !left.has(one)).length);
    this.#add(today, 'broadcast_chats_unreachable', unreachable.size);
    for (const [id, { failure }] of Object.entries(before.broadcasts)) {
      if (failure === null && !(id in after.broadcasts)) this.#add(today, 'broadcasts_removed');
    }
  }

  #guides({ before, after, calls, closed, isBlocked }: Happened, today: string): void {
    for (const [key, { state }] of Object.entries(after.posts)) {
      const isNew = before.posts[key]?.state !== state;
      if (isNew && (state === 'posted' || state === 'uncertain')) this.#add(today, `guides_${state}`);
    }
    if (!closed) {
      const failed = Object.entries(after.posts).filter(
        ([key, { state }]) => state === 'failed' && before.posts[key]?.state !== 'failed',
      );
      return this.#add(today, 'guides_failed', failed.length);
    }
    // Each refused try, so that a second pass of the slot counts again.
    const refused = calls.filter(
      ({ method, chatId, fault, description }) =>
        method === 'sendMessage' &&
        chatId !== null &&
        isBlocked(chatId) &&
        fault === null &&
        /kicked/.test(description ?? ''),
    );
    this.#add(today, 'guides_failed', refused.length);
  }

  /** The first pass that closes in a day. */
  #look({ after: { users }, zone }: Happened, today: string): void {
    if (this.#lookedAt.has(today)) return;
    this.#lookedAt.add(today);
    this.#set(today, 'users_total', users.length);
    this.#set(today, 'users_banned', users.filter(({ banned }) => banned).length);
    this.#set(today, 'database_bytes', '*');
    for (const table of tables)
      for (const what of ['rows', 'bytes', 'dead_rows']) this.#set(today, `${what}:${table}`, '*');
    const joined = users.map((user) => dayOf(Date.parse(user.joined), zone)).sort();
    const yesterday = shifted(today, -1);
    const earliest = joined.find((day) => day < today) ?? yesterday;
    let day = this.#lastNewDay === null ? earliest : shifted(this.#lastNewDay, 1);
    for (; day <= yesterday; day = shifted(day, 1)) {
      this.#set(day, 'users_new', joined.filter((one) => one === day).length);
      this.#lastNewDay = day;
    }
  }
}

const tables = [
  'users',
  'tokens',
  'token_generator_count',
  'pending_deletions',
  'broadcasts',
  'broadcast_messages',
  'guides',
];

/** What Telegram said last of a message; null where it was not asked to delete it. */
function answerFor(calls: readonly Call[], chat: string, id: number): 'deleted' | 'gone' | null {
  const asked = calls.findLast(
    (call) =>
      /^deleteMessages?$/i.test(call.method) &&
      call.chatId === chat &&
      call.messageIds.includes(id) &&
      call.status !== null,
  );
  if (asked === undefined) return null;
  if (asked.description === null) return 'deleted';
  return /not found/.test(asked.description) ? 'gone' : null;
}

/** As `Truth.lines`, of what telesweep has written. What a table weighs is only told to be there. */
export async function written(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ day: string; metric: string; value: string }>(
    "select to_char(day, 'YYYY-MM-DD') as day, metric, value::text as value from telesweep.daily",
  );
  const isSize = (metric: string): boolean => /^(database_bytes$|rows:|bytes:|dead_rows:)/.test(metric);
  return rows.map(({ day, metric, value }) => `${day} ${metric} ${isSize(metric) ? '*' : value}`).sort();
}
