/** Every job in every weather, with few chats and with many; then in good weather: nothing lost, nothing twice. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newChannels, postTo } from '../support/guides.ts';
import { broadcast, guide, pendingDeletion } from '../support/rows.ts';
import { createScene, type Scene } from '../support/scene.ts';
import { type Weather, weathers } from './weathers.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene({}, { TELEGRAM_RATE: '2000', TELEGRAM_TIMEOUT: '10s' });
});
afterAll(() => scene.close());

let chat = 100_000;

interface Laid {
  job: string;
  chats: string[];
  /** Messages that stand in each chat. */
  ids: number[];
  /** Sends that each chat is owed. */
  owed: number;
  env: Record<string, string>;
}

const layOut: Record<string, (n: number) => Promise<Laid>> = {
  async 'delete-due'(n) {
    const chats = await lay(n, [1, 2, 3, 4]);
    for (const chatId of chats) await pendingDeletion(scene.db, { chatId, messageIds: [1, 2, 3, 4] });
    return { job: 'delete-due', chats, ids: [1, 2, 3, 4], owed: 1, env: {} };
  },
  async 'delete-broadcasts'(n) {
    const chats = await lay(n, [1, 2]);
    for (const messageId of [1, 2]) {
      await broadcast(scene.db, { messages: chats.map((chatId) => ({ chatId, messageId })) });
    }
    return { job: 'delete-broadcasts', chats, ids: [1, 2], owed: 0, env: {} };
  },
  async 'post-guide'(n) {
    await guide(scene.db, { id: `g${chat}` });
    const chats = newChannels(scene, n);
    return { job: 'post-guide', chats, ids: [], owed: 1, env: postTo(chats) };
  },
};

async function lay(n: number, ids: readonly number[]): Promise<string[]> {
  chat += 1_000;
  const chats = Array.from({ length: n }, (_, i) => String(chat + i));
  for (const chatId of chats) scene.api.addMessages(chatId, ids);
  return chats;
}

async function clear(): Promise<void> {
  scene.api.clearFaults();
  await scene.db.query(
    `truncate pending_deletions, broadcasts, broadcast_messages, guides, telesweep.runs, telesweep.budgets,
       telesweep.leases, telesweep.bots, telesweep.senders, telesweep.guide_posts`,
  );
}

/** What waits may be tried now. */
const soon = () =>
  scene.db.query(
    `update pending_deletions set next_attempt_at = null where failed_at is null;
     update broadcast_messages set next_attempt_at = null where failed_at is null`,
  );

const standing = ({ chats, ids }: Laid): string[] =>
  chats.filter((chatId) => scene.api.messageIds(chatId).some((id) => ids.includes(id)));

async function play(weather: Weather, laid: Laid, codes: readonly number[]): Promise<void> {
  const [odd = ''] = laid.chats;
  scene.api.fault(...weather.faults({ chatId: odd, messageId: 2 }));
  for (let pass = 1; pass <= 3; pass++) {
    const { code, stderr } = await scene.pass([laid.job], laid.env);
    expect(codes, `pass ${pass}: ${stderr}`).toContain(code);
    await soon();
  }
  scene.api.clearFaults();
  for (let pass = 1; pass <= 2; pass++) {
    await soon();
    await scene.pass([laid.job], laid.env);
  }
}

describe.each(weathers)('$name', (weather) => {
  describe.each(Object.keys(layOut))('%s', (job) => {
    test.each([3, 100])('%i chats', async (n) => {
      await clear();
      const lay = layOut[job];
      if (lay === undefined) throw new Error(job);
      const laid = await lay(n);
      await play(weather, laid, n === 3 ? weather.codes.few : weather.codes.many);

      const [odd = ''] = laid.chats;
      const ended = weather.ends === 'all' ? laid.chats : weather.ends === 'odd' ? [odd] : [];
      const others = laid.chats.filter((chatId) => !ended.includes(chatId));
      // Nothing lost.
      expect(standing(laid).filter((chatId) => others.includes(chatId))).toEqual([]);
      const left = await scene.db.query(
        `select id::text, failure from pending_deletions union all select chat_id::text, failure from broadcast_messages
         union all select id::text, failure from broadcasts`,
      );
      expect(left).toEqual([]);
      // Each reader told once, and nobody twice.
      const told = laid.chats.map((chatId) => scene.api.sent(chatId).length);
      expect(told.filter((times) => times > laid.owed)).toEqual([]);
      const untold = others.filter((chatId) => scene.api.sent(chatId).length < laid.owed);
      expect(untold).toEqual([]);
    });
  });
});

/** The bot's refusals are remembered from job to job: the first of a pass may be decided on as it is met, with nothing else to do. */
describe.each(
  weathers.filter(({ codes }) => codes.many.length === 1 && codes.many.includes(77)),
)('$name, met by another job before', (weather) => {
  test.each(
    Object.keys(layOut).flatMap((job) => [1, 2, 5].map((n) => [job, n] as const)),
  )('%s, %i chats', async (job, n) => {
    await clear();
    const other = await layOut[job === 'delete-due' ? 'delete-broadcasts' : 'delete-due']?.(100);
    const laid = await layOut[job]?.(n);
    if (other === undefined || laid === undefined) throw new Error(job);
    scene.api.fault(...weather.faults({ chatId: '1', messageId: 1 }));
    expect((await scene.pass([other.job], other.env)).code).toBe(77);
    const { code, stderr, summary } = await scene.pass([job], laid.env);
    expect({ code, outcome: summary?.outcome }, stderr).toEqual({ code: 77, outcome: 'failed' });
  });
});
