/** The demo of delete-broadcasts: broadcasts of every kind, and what became of their messages and records. */
import { formatCount } from '../../../src/output/format.ts';
import type { ChatState } from '../bot-api.ts';
import { broadcast } from '../rows.ts';
import type { RunResult } from '../run.ts';
import { mark } from './screen.ts';
import { type Finding, type Section, showFindings } from './section.ts';
import { runPass } from './show-pass.ts';
import type { Stage } from './stage.ts';

const firstChat = 6_000_000_001;

/** What is left of a broadcast. */
interface Left {
  /** Gone, still waiting, or kept with this `failure`. */
  record: string;
  ledger: number;
  /** Messages at Telegram. */
  standing: number;
}

interface BroadcastKind {
  name: string;
  /** A stretch of chats, and the message that each got. */
  to: { chats: number; from: number; messageId: number };
  hoursAgo: number;
  /** Null for one that stays for good. */
  dueFor: string | null;
  expect: Left;
}

/** Of the first broadcast's chats: their messages cannot be reached, and stay. */
const outOfReach: readonly { at: number; state: ChatState }[] = [
  { at: 3, state: 'blocked' },
  { at: 17, state: 'blocked' },
  { at: 40, state: 'deactivated' },
  { at: 71, state: 'gone' },
];
/** Their readers deleted the message themselves. */
const deletedBefore = [5, 6, 50];

const kinds: readonly BroadcastKind[] = [
  {
    name: 'some chats out of reach',
    to: { chats: 110, from: 0, messageId: 11 },
    hoursAgo: 30,
    dueFor: '10 minutes',
    expect: { record: 'gone', ledger: 0, standing: 4 },
  },
  {
    name: 'to the same chats',
    to: { chats: 60, from: 50, messageId: 12 },
    hoursAgo: 5,
    dueFor: '5 minutes',
    expect: { record: 'gone', ledger: 0, standing: 1 },
  },
  {
    name: 'more than 48 hours old',
    to: { chats: 15, from: 0, messageId: 10 },
    hoursAgo: 50,
    dueFor: '2 minutes',
    expect: { record: 'messages_failed', ledger: 15, standing: 15 },
  },
  {
    name: 'without a ledger',
    to: { chats: 0, from: 0, messageId: 9 },
    hoursAgo: 20,
    dueFor: '1 hour',
    expect: { record: 'no_ledger', ledger: 0, standing: 0 },
  },
  {
    name: 'not due yet',
    to: { chats: 40, from: 0, messageId: 13 },
    hoursAgo: 1,
    dueFor: '-3 hours',
    expect: { record: 'waits', ledger: 40, standing: 40 },
  },
  {
    name: 'without delete_at',
    to: { chats: 40, from: 30, messageId: 14 },
    hoursAgo: 40,
    dueFor: null,
    expect: { record: 'waits', ledger: 40, standing: 40 },
  },
];

export function deleteBroadcastsSection(): Section {
  const ids: string[] = [];
  let pass: RunResult | null = null;

  return {
    async before(stage) {
      for (const kind of kinds) ids.push(await layOut(stage, kind));
      for (const { at, state } of outOfReach) stage.api.setState(firstChat + at, state);
      const messages = formatCount(sum(kinds.map(({ to }) => to.chats)));
      stage.screen.heading(`broadcasts: ${kinds.length} of them, with a ledger of ${messages} messages`);
    },

    async run(stage) {
      pass = await runPass(stage, 'delete-broadcasts', 'every hour');
    },

    async after(stage) {
      let bad = 0;
      const rows: string[][] = [];
      for (const [n, kind] of kinds.entries()) {
        const { name, to, expect } = kind;
        const left = await whatIsLeft(stage, ids[n] ?? '', kind);
        const good =
          left.record === expect.record && left.ledger === expect.ledger && left.standing === expect.standing;
        if (!good) bad++;
        rows.push([name, ...[to.chats, left.ledger, left.standing].map(formatCount), left.record, mark(good)]);
      }
      stage.screen.heading('What became of the broadcasts');
      stage.screen.table(['broadcast', 'messages', 'ledger left', 'standing', 'record', ''], rows);
      return bad + showFindings(stage, [figures(stage, pass)]);
    },
  };
}

async function layOut({ api, query }: Stage, kind: BroadcastKind): Promise<string> {
  const { name, to, hoursAgo, dueFor } = kind;
  const messages = chatsOf(kind).map((chatId) => ({ chatId, messageId: to.messageId }));
  for (const [n, { chatId }] of messages.entries()) {
    if (kind === kinds[0] && deletedBefore.includes(n)) continue;
    api.addMessage(chatId, { id: to.messageId, ageMs: hoursAgo * 3_600_000 });
  }
  return broadcast({ query }, { text: name, age: `${hoursAgo} hours`, dueFor, messages });
}

function chatsOf({ to }: BroadcastKind): number[] {
  return Array.from({ length: to.chats }, (_, n) => firstChat + to.from + n);
}

async function whatIsLeft({ api, query }: Stage, id: string, kind: BroadcastKind): Promise<Left> {
  const [row] = await query<{ record: string; ledger: number }>(
    `select coalesce((select coalesce(failure, 'waits') from broadcasts where id = $1), 'gone') as record,
            (select count(*)::int from broadcast_messages where broadcast_id = $1) as ledger`,
    [id],
  );
  const standing = chatsOf(kind).filter((chatId) => api.message(chatId, kind.to.messageId) !== undefined).length;
  return { record: row?.record ?? '', ledger: row?.ledger ?? 0, standing };
}

/** Compares the summary with Telegram's books: two broadcasts' messages in one chat travelled in one call. */
function figures({ api }: Stage, pass: RunResult | null): Finding {
  const chats = new Set(kinds.flatMap(chatsOf).map(String));
  const calls = api.calls.filter(({ chatId }) => chats.has(chatId ?? ''));
  const removed = kinds.filter(({ expect }) => expect.record === 'gone');
  const settled = sum(removed.map(({ to, expect }) => to.chats - expect.standing));
  const { code, summary } = pass ?? {};
  const counts = summary?.counts ?? {};
  const good =
    code === 1 &&
    counts.broadcasts === removed.length &&
    (counts.messages_deleted ?? 0) + (counts.messages_gone ?? 0) === settled &&
    counts.messages_failed ===
      sum(kinds.map(({ expect }) => (expect.record === 'messages_failed' ? expect.ledger : 0))) &&
    counts.chats_unreachable === outOfReach.length &&
    calls.length === summary?.telegram.calls &&
    calls.length === new Set(calls.map(({ chatId }) => chatId)).size;
  return [good, `one call a chat: ${formatCount(calls.length)} calls for ${formatCount(settled)} messages`];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
