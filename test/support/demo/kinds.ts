/** A lifelike day of a bot: what kinds of records its table holds, how many of each, and what must become of them. */
import type { ChatState, MessageSpec } from '../bot-api.ts';
import type { Random } from './random.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A record as the bot wrote it, the messages of its chat as Telegram has them, and what must become of both. */
export interface Plan {
  /** Ids that the bot wrote down. */
  ids: readonly number[];
  /** Those of them that stand in the chat before the pass; a spec where one is no plain file. */
  inChat: readonly { id: number; spec?: MessageSpec }[];
  uniqueId: string | null;
  ageMs: number;
  /** How long the record has been due; below zero where it is not yet. */
  dueForMs: number;
  expect: Expectation;
}

export interface Expectation {
  /** Its row: gone, still waiting, or kept with this `failure`. */
  row: 'gone' | 'waits' | { failure: string };
  /** Messages of the record that still stand at Telegram. */
  standing: readonly number[];
  /** The reader's one notice, with or without its button. */
  notice: 'button' | 'plain' | null;
  /** The chat must see no call at all. */
  noCall?: true;
}

export interface Kind {
  name: string;
  /** How many of a full day's records are of this kind. */
  share: number;
  chat: { type: 'private' | 'supergroup'; state?: ChatState; canStillDelete?: true; migrates?: true };
  /** All records lie in one chat. */
  oneChat?: true;
  /** So many of its records lie in each chat; one where it is left out. */
  perChat?: number;
  plan(random: Random, firstId: number): Plan;
}

/** The usual record: 1 to 12 files sent some hours ago, all deleted, its reader told. Kinds change what is special. */
function usual(random: Random, firstId: number, changes: Partial<Plan> = {}, expect: Partial<Expectation> = {}): Plan {
  const ids = changes.ids ?? Array.from({ length: random.int(1, 12) }, (_, n) => firstId + n);
  return {
    ids,
    inChat: ids.map((id) => ({ id })),
    uniqueId: random.payload(),
    ageMs: random.int(20 * minute, 46 * hour),
    dueForMs: random.int(1_000, 15 * minute),
    ...changes,
    expect: { row: 'gone', standing: [], notice: 'button', ...expect },
  };
}

/** The chat is out of reach: the record ends quietly, what stands there stays. */
function outOfReach(random: Random, firstId: number): Plan {
  const plan = usual(random, firstId);
  return { ...plan, expect: { row: 'gone', standing: plan.ids, notice: null } };
}

const notDeepLinks = ['season 2, part 1', 'файл-77', 'x'.repeat(65), 'a=b&c=d'];

export const kinds: readonly Kind[] = [
  {
    name: 'files in private chats',
    share: 220,
    chat: { type: 'private' },
    // Readers rarely take one file alone.
    perChat: 3,
    plan: (r, id) => usual(r, id),
  },
  {
    name: 'nearly 48 hours old: go first',
    share: 12,
    chat: { type: 'private' },
    plan: (r, id) => usual(r, id, { ageMs: 47 * hour + 50 * minute }),
  },
  { name: 'files in a group', share: 12, chat: { type: 'supergroup' }, plan: (r, id) => usual(r, id) },
  {
    name: 'many records of one chat',
    share: 12,
    chat: { type: 'private' },
    oneChat: true,
    // Older than most, so that its notices, one a second, begin early.
    plan: (r, id) => usual(r, id, { ageMs: r.int(46 * hour, 47 * hour) }),
  },
  {
    name: 'some messages already gone',
    share: 24,
    chat: { type: 'private' },
    plan: (r, id) => {
      const plan = usual(r, id, { ids: Array.from({ length: r.int(2, 12) }, (_, n) => id + n) });
      return { ...plan, inChat: plan.inChat.slice(0, -1) };
    },
  },
  {
    name: 'all messages already gone',
    share: 14,
    chat: { type: 'private' },
    plan: (r, id) => usual(r, id, { ids: r.int(1, 2) === 1 ? [id] : [id, id + 1, id + 2], inChat: [] }),
  },
  {
    name: 'unique_id is no deep link',
    share: 8,
    chat: { type: 'private' },
    plan: (r, id) => usual(r, id, { uniqueId: notDeepLinks[r.int(0, 3)] ?? '' }, { notice: 'plain' }),
  },
  {
    name: 'without unique_id',
    share: 6,
    chat: { type: 'private' },
    plan: (r, id) => usual(r, id, { uniqueId: null }, { notice: 'plain' }),
  },
  { name: 'user blocked the bot', share: 26, chat: { type: 'private', state: 'blocked' }, plan: outOfReach },
  {
    name: 'blocked, deletes still work',
    share: 6,
    chat: { type: 'private', state: 'blocked', canStillDelete: true },
    plan: (r, id) => usual(r, id, {}, { notice: null }),
  },
  { name: 'user is deactivated', share: 10, chat: { type: 'private', state: 'deactivated' }, plan: outOfReach },
  { name: 'chat not found', share: 8, chat: { type: 'private', state: 'gone' }, plan: outOfReach },
  { name: 'bot was kicked from the group', share: 6, chat: { type: 'supergroup', state: 'kicked' }, plan: outOfReach },
  { name: 'group became a supergroup', share: 4, chat: { type: 'supergroup', migrates: true }, plan: outOfReach },
  {
    name: 'more than 48 hours old',
    share: 18,
    chat: { type: 'private' },
    plan: (r, id) => {
      const plan = usual(r, id, { ageMs: r.int(48 * hour, 90 * hour) });
      const { ids: standing } = plan;
      return { ...plan, expect: { row: { failure: 'too_old' }, standing, notice: null, noCall: true } };
    },
  },
  {
    name: 'one message cannot be deleted',
    share: 4,
    chat: { type: 'supergroup' },
    plan: (r, id) => {
      const ids = Array.from({ length: r.int(3, 6) }, (_, n) => id + n);
      const inChat = ids.map((each) => ({ id: each, ...(each === id + 1 ? { spec: { protected: true } } : {}) }));
      return usual(r, id, { ids, inChat }, { row: 'waits', standing: [id + 1], notice: null });
    },
  },
  {
    name: 'no right to delete in group',
    share: 4,
    chat: { type: 'supergroup', state: 'cannot_delete' },
    plan: (r, id) => {
      const ids = [id, id + 1];
      return usual(r, id, { ids }, { row: 'waits', standing: ids, notice: null });
    },
  },
  {
    name: 'ids that no message can have',
    share: 4,
    chat: { type: 'private' },
    plan: (r, id) => {
      const inChat = [{ id }, { id: id + 1 }];
      const changes = { ids: [id, 0, id + 1, -7], inChat };
      return usual(r, id, changes, { row: { failure: 'bad_message_id' }, notice: null });
    },
  },
  {
    name: 'admin rights lost for now',
    share: 4,
    chat: { type: 'supergroup', state: 'need_admin' },
    plan: (r, id) => {
      // The youngest come last, so that their wait is not over before the second pass.
      const plan = usual(r, id, { ageMs: r.int(minute, 5 * minute), dueForMs: 1_000 });
      return { ...plan, expect: { row: 'waits', standing: plan.ids, notice: null } };
    },
  },
  {
    name: 'not due yet',
    share: 48,
    chat: { type: 'private' },
    plan: (r, id) => {
      const plan = usual(r, id, { dueForMs: -r.int(10 * minute, 20 * hour) });
      return { ...plan, expect: { row: 'waits', standing: plan.ids, notice: null, noCall: true } };
    },
  },
];
