/**
 * A simulated bot lives for sixty days beside telesweep: tokens, files, broadcasts and guides, chats that block it, messages that
 * are gone or too old, passes that are killed, passes at once, zones that change and clocks that are put forward. Every figure of
 * every day is held against the truth that was kept beside it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dailyMetrics } from '../../src/store/daily-metrics.ts';
import { Random } from '../support/demo/random.ts';
import { guide } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { type StatementProxy, startStatementProxy } from '../support/statement-proxy.ts';
import { dayOf, look, Truth, written } from './truth.ts';

const seed = Number(process.env.FIGURES_SEED ?? 16);
const statsDays = 40;
const firstDay = Date.parse('2026-03-01T00:00:00Z');
const day = 86_400_000;

/** With both changes of the clock of the spring of 2026, and a day that comes twice. */
const zones: readonly (readonly [number, string])[] = [
  [0, 'America/New_York'],
  [15, 'Asia/Kathmandu'],
  [20, 'Europe/Berlin'],
  [36, 'Pacific/Kiritimati'],
  [41, 'UTC'],
  [45, 'Europe/Berlin'],
];

const jobs = ['cleanup-tokens', 'delete-due', 'delete-broadcasts', 'reset-counts', 'post-guide'] as const;
type JobName = (typeof jobs)[number];

let scene: Scene;
let proxy: StatementProxy;

beforeAll(async () => {
  scene = await createScene({}, { STATS_DAYS: String(statsDays), TELEGRAM_RATE: '2000' });
  proxy = await startStatementProxy(scene.db.url);
});
afterAll(async () => {
  await proxy.close();
  await scene.close();
});

class Life {
  readonly random = new Random(seed);
  readonly truth = new Truth(statsDays);
  readonly channels = [-1_001_000_000_001, -1_001_000_000_002, -1_001_000_000_003];
  readonly blocked = new Set<string>();
  /** The moment at which the bot lives. */
  at = firstDay;
  zone = 'UTC';
  notice = 'send';
  #chat = 1_000;
  #names = 0;

  chance(percent: number): boolean {
    return this.random.int(1, 100) <= percent;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.random.int(0, list.length - 1)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  async moveTo(at: number): Promise<void> {
    this.at = at;
    await scene.db.setClock(new Date(at).toISOString());
    const shift = at - Date.now();
    scene.api.setClock(() => Date.now() + shift);
  }

  #newChat(): number {
    return ++this.#chat;
  }

  block(chat: number): void {
    this.blocked.add(String(chat));
    scene.api.setState(chat, chat < 0 ? 'kicked' : 'blocked');
  }

  /** What its readers and its owner do until this moment. */
  async live(): Promise<void> {
    const { db } = scene;
    const ago = (mostMs: number): string => new Date(this.at - this.random.int(0, mostMs)).toISOString();
    const tokens = Array.from({ length: this.random.int(0, 6) }, () => {
      const made = ago(4 * day);
      const expires = new Date(Date.parse(made) + this.random.int(1, 4 * day)).toISOString();
      return {
        name: `t${++this.#names}`,
        status: this.pick(['not_used', 'verified', 'verified', 'bypassed']),
        made,
        expires,
      };
    });
    const today = dayOf(this.at, this.zone);
    const users = Array.from({ length: this.random.int(0, 3) }, () => ++this.#names);
    await db.query(
      `insert into tokens (token, status, created_at, expires_at)
       select name, status, made, expires from json_to_recordset('${JSON.stringify(tokens)}')
         as made (name text, status text, made timestamptz, expires timestamptz);
       update tokens set status = 'verified' where status = 'not_used' and right(token, 1) = '${this.random.int(0, 9)}';
       insert into token_generator_count (user_id, date, token_generated) select user_id, '${today}', ${this.random.int(1, 5)}
         from unnest('{${users.join(',')}}'::bigint[]) as user_id;
       insert into users (user_id, joined_at) select user_id, '${ago(6 * 3_600_000)}' from unnest('{${users.join(',')}}'::bigint[]) as user_id;
       update users set is_banned = true where user_id % 7 = ${this.random.int(0, 20)};
       delete from users where user_id % 23 = ${this.random.int(0, 60)};`,
    );
    for (let n = this.random.int(0, 3); n > 0; n--) await this.#file();
    if (this.chance(30)) await this.#blockingReader();
    if (this.chance(25)) await this.#broadcast();
    if (this.chance(5)) this.block(this.pick(this.channels));
    for (const channel of this.channels) {
      if (!this.blocked.has(String(channel)) || !this.chance(30)) continue;
      this.blocked.delete(String(channel));
      scene.api.setState(channel, 'ok');
    }
  }

  async record(chat: number, ids: readonly number[], late: string, age: string): Promise<void> {
    await scene.db.query(
      `insert into pending_deletions (user_id, chat_id, message_ids, unique_id, created_at, delete_at)
       values ($1, $1, $2, 'file', now() - $4::interval, now() - $3::interval)`,
      [chat, ids, late, age],
    );
  }

  /** Messages that were to go a while ago: those that stand, are gone, are past 48 hours, or never were. */
  async #file(): Promise<void> {
    const chat = this.#newChat();
    const ids = Array.from({ length: this.random.int(1, 4) }, (_, n) => n + 1);
    const late = this.pick(['1s', '3min', '30min', '3h']);
    const fate = this.random.int(1, 10);
    scene.api.addChat(chat);
    if (fate === 1) {
      scene.api.addMessages(chat, ids, { ageMs: 50 * 3_600_000 });
      return this.record(chat, ids, late, '50h');
    }
    if (fate === 2 && this.notice !== 'edit') return this.record(chat, ids, late, '4h');
    scene.api.addMessages(chat, ids, { ageMs: 4 * 3_600_000 });
    return this.record(chat, fate === 3 ? [...ids, 0] : ids, late, '4h');
  }

  /** With a reader whose chat stays, so that a refusal is believed. */
  async #blockingReader(): Promise<void> {
    const chat = this.#newChat();
    const other = this.#newChat();
    scene.api.addMessages(chat, [1, 2, 3]);
    scene.api.addMessages(other, [1]);
    this.block(chat);
    await this.record(chat, [1, 2], '3min', '4h');
    await this.record(chat, [3], '3h', '4h');
    await this.record(other, [1], '1s', '4h');
  }

  async #broadcast(): Promise<void> {
    const { db, api } = scene;
    const chats = Array.from({ length: this.random.int(1, 6) }, () => this.#newChat());
    const age = this.chance(15) ? '50h' : '20h';
    const broadcasts = await db.query<{ id: string }>(
      `insert into broadcasts (text, created_at, delete_at) select 'b', now() - $1::interval, now() - interval '5min'
       from generate_series(1, $2) returning id`,
      [age, this.random.int(1, 2)],
    );
    for (const chat of chats) api.addChat(chat);
    if (this.chance(60) && chats.length > 1) this.block(chats[0] ?? 0);
    for (const [n, { id }] of broadcasts.entries()) {
      for (const chat of chats) {
        if (this.chance(20) && n > 0) continue;
        for (const message of this.chance(15) ? [10 * n + 1, 10 * n + 2] : [10 * n + 1]) {
          if (this.chance(85)) api.addMessage(chat, { id: message, ageMs: 20 * 3_600_000 });
          await db.query(
            'insert into broadcast_messages (broadcast_id, chat_id, message_id, sent_at) values ($1, $2, $3, now() - $4::interval)',
            [id, chat, message, age],
          );
        }
      }
    }
  }

  /** Does something of telesweep's, and keeps the truth of it. */
  async note(work: () => Promise<unknown>, closed = true): Promise<void> {
    const before = await look(scene.db);
    const from = scene.api.callCount;
    await work();
    this.truth.note({
      before,
      after: await look(scene.db),
      calls: scene.api.calls.filter(({ n }) => n > from),
      at: this.at,
      zone: this.zone,
      closed,
      notice: this.notice,
      isBlocked: (chat) => this.blocked.has(chat),
    });
  }

  get env(): Record<string, string> {
    return { TIMEZONE: this.zone, NOTICE: this.notice, GUIDE_CHAT_IDS: this.channels.join(',') };
  }

  async pass(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await scene.run(args, this.env);
    expect(code, `${args.join(' ')}: ${stderr}`).toBeLessThanOrEqual(1);
  }

  /** Something that the job will find due. */
  async toKill(job: JobName): Promise<void> {
    const chat = this.#newChat();
    scene.api.addMessages(chat, [1], { ageMs: 4 * 3_600_000 });
    if (job === 'delete-due') return this.record(chat, [1], '3min', '4h');
    await scene.db.query(
      job === 'cleanup-tokens'
        ? `insert into tokens (token, status, expires_at) values ('k${chat}', 'bypassed', now() - interval '1 hour')`
        : job === 'reset-counts'
          ? `insert into token_generator_count values (${chat}, now() - interval '3 days', 4)`
          : `with made as (insert into broadcasts (delete_at) select now() returning id)
             insert into broadcast_messages (broadcast_id, chat_id, message_id) select id, ${chat}, 1 from made`,
    );
  }

  /** A process of its own that dies at its first call or at the first statement that counts, before or after it is done. */
  async killed(job: JobName, point: KillPoint): Promise<void> {
    const args = job === 'post-guide' ? [job, '--force'] : [job];
    const { child, done } = scene.start(args, { ...this.env, DATABASE_URL: proxy.url });
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await done;
    };
    const killCounting = async (_: number, { text }: { text: string }): Promise<void> => {
      if (/into telesweep\.daily/.test(text) && !/into telesweep\.runs/.test(text)) await kill();
    };
    if (point === 'call') scene.api.onCall = kill;
    if (point === 'done call') scene.api.onDone = kill;
    if (point === 'statement') proxy.onStatement = killCounting;
    if (point === 'answered statement') proxy.onAnswered = killCounting;
    const { signal, stderr } = await done;
    scene.api.onCall = undefined;
    scene.api.onDone = undefined;
    proxy.onStatement = undefined;
    proxy.onAnswered = undefined;
    expect(signal, `${job} lived on after its ${point}: ${stderr}`).toBe('SIGKILL');
    await expect
      .poll(() =>
        scene.db.query(
          `select from pg_stat_activity where datname = current_database() and application_name = 'telesweep'`,
        ),
      )
      .toEqual([]);
    await scene.db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  }
}

const kills = ['call', 'done call', 'statement', 'answered statement'] as const;
type KillPoint = (typeof kills)[number];

test(`every figure of sixty days is exact (FIGURES_SEED=${seed})`, { timeout: 180_000 }, async () => {
  const { api, db } = scene;
  const life = new Life();
  const { random, truth } = life;
  await db.query('truncate guides');
  for (const id of ['a', 'b', 'c']) await guide(db, { id });
  for (const channel of life.channels) api.addChat(channel);
  let killed = 0;
  for (let n = 0; n < 60; n++) {
    life.zone = zones.findLast(([from]) => from <= n)?.[1] ?? 'UTC';
    life.notice = life.pick(['send', 'send', 'none', 'edit']);
    // Away from every quarter of an hour, at which a day may begin somewhere.
    const hours = [random.int(0, 11), ...(life.chance(50) ? [random.int(12, 23)] : [])];
    for (const hour of hours) {
      const at = firstDay + n * day + hour * 3_600_000 + random.int(0, 3) * 900_000 + random.int(60, 300) * 1000;
      await life.moveTo(at);
      await life.live();
      if (n % 6 === 5 && hour === hours[0]) {
        const point = kills[killed++ % kills.length] ?? 'call';
        const callers = ['delete-due', 'delete-broadcasts', 'post-guide'] as const;
        const job = life.pick(point === 'call' || point === 'done call' ? callers : jobs);
        await life.toKill(job);
        await life.note(() => life.killed(job, point), false);
      }
      if (n % 9 === 4) {
        // Answers that are lost, put off and held up.
        life.notice = 'send';
        await life.toKill('delete-due');
        api.fault({ kind: 'drop_after', method: 'sendMessage' }, { kind: '5xx_before', method: 'deleteMessages' });
        await life.note(() => life.pass('delete-due'));
        api.fault({ kind: 'drop_after', method: 'sendMessage' });
        if (n % 27 === 4) api.fault({ kind: 'retry_after', seconds: 1, nth: 2 });
        if (n % 18 === 4) life.block(life.pick(life.channels));
        await life.note(() => life.pass('post-guide', '--force'));
        api.clearFaults();
        api.endFlood();
      }
      const order = [...jobs].sort(() => random.int(-1, 1));
      const chosen = life.chance(60) ? order.slice(0, 2) : order;
      const limit = life.chance(15) ? ['--limit', '2'] : [];
      if (life.chance(20)) await life.note(() => Promise.all([...chosen, ...chosen].map((job) => life.pass(job))));
      else for (const job of chosen) await life.note(() => life.pass(job, ...(job === 'post-guide' ? [] : limit)));
    }
    expect(await written(db), `until ${new Date(life.at).toISOString()}, FIGURES_SEED=${seed}`).toEqual(truth.lines());
  }
  expect(killed).toBe(10);
  // What the days held, so that nothing is exact by not coming to pass.
  const seen = new Set((await written(db)).map((line) => line.split(' ')[1]?.replace(/:.*/, ':')));
  expect(dailyMetrics.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
});
