/** Lays out the day: rows as a bot's plain insert makes them, and chats with messages in the simulated Telegram. */
import { pendingDeletion } from '../rows.ts';
import { type Expectation, type Kind, kinds } from './kinds.ts';
import { Random } from './random.ts';
import type { Stage } from './stage.ts';

export interface DayRecord {
  id: string;
  kind: Kind;
  chatId: number;
  ids: readonly number[];
  uniqueId: string | null;
  due: boolean;
  expect: Expectation;
}

export interface Day {
  records: readonly DayRecord[];
  /** Messages in the same chats that no record names: they must all stay. */
  bystanders: readonly { chatId: number; id: number }[];
}

const sumOfShares = kinds.reduce((sum, kind) => sum + kind.share, 0);

/** So many records that a pass is over before the first of those that wait 30 s may be tried again. */
export const fullDay = 300;

/**
 * Fills the table and the chats.
 * @param size how many records, about; each kind has one at least
 */
export async function layOutDay(stage: Stage, size: number): Promise<Day> {
  const random = new Random(20_240_229);
  const records: DayRecord[] = [];
  const bystanders: { chatId: number; id: number }[] = [];
  let chats = 0;

  for (const kind of kinds) {
    const count = Math.max(kind.oneChat ? 2 : 1, Math.round((kind.share * size) / sumOfShares));
    const perChat = kind.oneChat ? count : (kind.perChat ?? 1);
    let chatId = 0;
    let nextId = 0;
    for (let n = 0; n < count; n++) {
      if (n % perChat === 0) {
        chats++;
        chatId = openChat(stage, kind, chats);
        nextId = random.int(2, 90_000);
        for (const id of [nextId - 1, nextId + 500]) {
          stage.api.addMessage(chatId, { id, ageMs: random.int(0, 40 * 3_600_000) });
          bystanders.push({ chatId, id });
        }
      }
      const plan = kind.plan(random, nextId);
      nextId += 20;
      for (const { id, spec } of plan.inChat) {
        stage.api.addMessage(chatId, { kind: 'media', ...spec, id, ageMs: plan.ageMs });
      }
      const { ids, uniqueId, ageMs, dueForMs, expect } = plan;
      const id = await pendingDeletion(stage, {
        chatId,
        messageIds: [...ids],
        uniqueId,
        age: `${ageMs} milliseconds`,
        dueFor: `${dueForMs} milliseconds`,
      });
      records.push({ id, kind, chatId, ids, uniqueId, due: dueForMs > 0, expect });
    }
  }
  return { records, bystanders };
}

/** @param number counts the chats, and tells them apart */
function openChat(stage: Stage, { chat }: Kind, number: number): number {
  const { type, state = 'ok', canStillDelete = false, migrates = false } = chat;
  // Ids of today pass 32 bits.
  const id = type === 'private' ? 7_000_000_000 + number * 7_919 : -(1_002_000_000_000 + number * 7_919);
  const migrateTo = id - 1;
  stage.api.addChat({ id, type, state, canStillDelete, ...(migrates ? { migrateTo } : {}) });
  return id;
}
