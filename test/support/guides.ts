/** What the tests of guides share: channels of their own for each test, guides in order, and what was written down. */
import type { TestDatabase } from './postgres.ts';
import { guide } from './rows.ts';
import type { Scene } from './scene.ts';

let lastChannel = -1_001_000_000_000;

/** So many channels that no test used before, which the bot may post to. */
export function newChannels({ api }: Scene, n: number): string[] {
  return Array.from({ length: n }, () => {
    lastChannel -= 1;
    api.addChat({ id: lastChannel, type: 'channel' });
    return String(lastChannel);
  });
}

/** No guides, no posts, and a Wednesday of 2026 on which no clock changes, in the slot from 08:00 UTC. */
export async function clearGuides({ api, db }: Scene): Promise<void> {
  api.clearFaults();
  api.onCall = undefined;
  api.onDone = undefined;
  await db.query(
    `truncate guides, telesweep.guide_posts, telesweep.guide_totals, telesweep.runs, telesweep.budgets, telesweep.leases`,
  );
  await db.setClock('2026-05-06T09:30:00Z');
}

/** Guides at the positions 1, 2, 3 and so on. */
export async function guidesInOrder(db: TestDatabase, ...ids: string[]): Promise<void> {
  for (const [index, id] of ids.entries()) await guide(db, { id, position: index + 1, title: `Guide ${id}` });
}

export const postTo = (ids: readonly string[], more: Record<string, string> = {}): Record<string, string> => ({
  GUIDE_CHAT_IDS: ids.join(','),
  ...more,
});

export interface WrittenPost {
  /** In UTC: `06 08:00`. */
  slot: string;
  guide_id: string;
  chat_id: string;
  state: string;
  message_id: string | null;
  error: string | null;
}

/** What is written of posts, in the order of slots and then of `newChannels`. */
export function writtenPosts({ db }: Scene): Promise<WrittenPost[]> {
  return db.query(
    `select to_char(slot at time zone 'UTC', 'DD HH24:MI') as slot, guide_id, chat_id, state, message_id, error
     from telesweep.guide_posts order by telesweep.guide_posts.slot, chat_id collate "C"`,
  );
}

/** The guides that a channel got, by `guidesInOrder`'s ids. */
export function guidesIn({ api }: Scene, chatId: string): string[] {
  return api.sent(chatId).map(({ text }) => /^Guide (\S+)/.exec(text)?.[1] ?? text);
}
