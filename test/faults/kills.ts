/** One pass killed at a chosen point and a second one after it, and what must hold whatever the point. */
import { expect } from 'vitest';
import type { Summary } from '../../src/process/summary.ts';
import { type Killed, type KillPoint, passKilledAt, type Watched } from '../support/kill-points.ts';
import { pendingDeletion } from '../support/rows.ts';
import type { Scene } from '../support/scene.ts';

interface Round {
  /** By `unique_id`: the record's chat and the ids of its messages. */
  told: Map<string, { chatId: number; ids: number[] }>;
  tooOldChat: number;
  notDueChat: number;
}

let nextChat = 10_000;

/** Records of every fate, in chats of their own so that no send waits for another. */
async function layOut({ db, api }: Scene): Promise<Round> {
  await db.query('truncate pending_deletions, telesweep.bots, telesweep.budgets, telesweep.leases');
  const round: Round = { told: new Map(), tooOldChat: nextChat++, notDueChat: nextChat++ };
  for (const ids of [[1, 2, 3], [1], [1, 2], [5, 6, 7, 8]]) {
    const chatId = nextChat++;
    const uniqueId = `file_${chatId}`;
    round.told.set(uniqueId, { chatId, ids });
    api.addMessages(chatId, ids);
    await pendingDeletion(db, { chatId, messageIds: ids, uniqueId });
  }
  const blocked = nextChat++;
  api.addChat({ id: blocked, state: 'blocked' });
  await pendingDeletion(db, { chatId: blocked, messageIds: [1, 2], uniqueId: `file_${blocked}` });
  api.addMessages(round.tooOldChat, [1], { ageMs: 49 * 3_600_000 });
  await pendingDeletion(db, { chatId: round.tooOldChat, messageIds: [1], age: '49h', uniqueId: 'too_old' });
  api.addMessages(round.notDueChat, [1]);
  await pendingDeletion(db, { chatId: round.notDueChat, messageIds: [1], dueFor: '-1h', uniqueId: 'not_due' });
  return round;
}

/** Kills a pass at its nth point and lets another one finish the work. */
export async function killAt(watched: Watched, point: KillPoint, n: number): Promise<Killed> {
  const { scene } = watched;
  const { db, api } = scene;
  const round = await layOut(scene);
  const sentBefore = api.sent().length;

  const killed = await passKilledAt(watched, { point, n }, 'delete-due');
  const openIntents = await count(scene, 'pending_deletions where notice_started_at is not null and failed_at is null');
  // A dead holder's lease ends by itself; the test does not wait for it.
  await db.query("update telesweep.leases set expires_at = now() - interval '1 second'");
  const second = await scene.pass(['delete-due']);
  expect(second.summary.outcome, second.stderr).toMatch(/^(ok|partial|failed)$/);
  check(scene, round, { summary: second.summary, openIntents, sentBefore });

  const left = await db.query('select unique_id, failure from pending_deletions order by unique_id');
  expect(left).toEqual([
    { unique_id: 'not_due', failure: null },
    { unique_id: 'too_old', failure: 'too_old' },
  ]);
  expect(await db.query('select job from telesweep.leases')).toEqual([]);
  return { killed, open: openIntents };
}

function check(
  { api }: Scene,
  round: Round,
  { summary, openIntents, sentBefore }: { summary: Summary; openIntents: number; sentBefore: number },
): void {
  expect(summary.stop_reason).toBe('done');
  expect(summary.left.due).toBe(0);
  const sent = api.sent().slice(sentBefore);
  let untold = 0;
  for (const [uniqueId, { chatId, ids }] of round.told) {
    expect(api.messageIds(chatId).filter((id) => ids.includes(id))).toEqual([]);
    const notices = sent.filter(({ replyMarkup }) => JSON.stringify(replyMarkup).includes(`start=${uniqueId}"`));
    expect(notices.length, `notices of ${uniqueId}`).toBeLessThanOrEqual(1);
    if (notices.length === 0) untold++;
  }
  // No message beside the notices of these records.
  expect(sent).toHaveLength(round.told.size - untold);
  // Each open intent is reported, and nothing else is; a reader who was not told is among them.
  expect(summary.counts.notices_uncertain).toBe(openIntents);
  expect(untold).toBeLessThanOrEqual(openIntents);
  expect(api.messageIds(round.tooOldChat)).toEqual([1]);
  expect(api.messageIds(round.notDueChat)).toEqual([1]);
}

async function count({ db }: Scene, from: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(`select count(*)::int as n from ${from}`);
  return row?.n ?? Number.NaN;
}
