import { pendingDeletion } from '../../../support/rows.ts';
import type { Scene } from '../../../support/scene.ts';
import { type Account, type AccountOptions, count, type Laid, type Load, mentioned, newChat } from '../load.ts';

interface Told {
  id: string;
  chatId: number;
  ids: number[];
  uniqueId: string;
}

const hour = 3_600_000;

/** Records of every fate, in chats of their own so that no send waits for another. */
export const deleteDueLoad: Load = {
  job: 'delete-due',
  callsTelegram: true,
  async layOut(scene, { items }) {
    const { db, api } = scene;
    const told: Told[] = [];
    for (let i = 0; i < items; i++) {
      const chatId = newChat();
      const ids = [[1, 2, 3], [1], [4, 5]][i % 3] ?? [1];
      const uniqueId = `file_${chatId}`;
      api.addMessages(chatId, ids);
      told.push({ id: await pendingDeletion(db, { chatId, messageIds: ids, uniqueId }), chatId, ids, uniqueId });
    }
    const blocked = newChat();
    api.addChat({ id: blocked, state: 'blocked' });
    const blockedId = await pendingDeletion(db, { chatId: blocked, messageIds: [1, 2] });
    const old = newChat();
    api.addMessages(old, [1], { ageMs: 49 * hour });
    const oldId = await pendingDeletion(db, { chatId: old, messageIds: [1], age: '49h' });
    const early = newChat();
    api.addMessages(early, [1]);
    const earlyId = await pendingDeletion(db, { chatId: early, messageIds: [1], dueFor: '-400 days' });
    return new LaidRecords(scene, told, { blockedId, oldId, earlyId }, { old, early });
  },
};

/** The same beside one reader who is owed several notices, a second apart. */
export const busyChatLoad: Load = {
  job: 'delete-due',
  callsTelegram: true,
  async layOut(scene, options) {
    const laid = await deleteDueLoad.layOut(scene, options);
    if (!(laid instanceof LaidRecords)) return laid;
    const chatId = newChat();
    for (const n of [1, 2, 3]) {
      const ids = [10 * n, 10 * n + 1];
      const uniqueId = `file_${chatId}_${n}`;
      scene.api.addMessages(chatId, ids);
      laid.add({ id: await pendingDeletion(scene.db, { chatId, messageIds: ids, uniqueId }), chatId, ids, uniqueId });
    }
    return laid;
  },
};

interface Left {
  id: string;
  failure: string | null;
}

class LaidRecords implements Laid {
  readonly env = {};
  readonly staysDue = 0;
  readonly firstCode = 1;
  readonly endCodes = [0, 1];
  readonly #scene: Scene;
  readonly #told: Told[];
  readonly #others: { blockedId: string; oldId: string; earlyId: string };
  readonly #chats: { old: number; early: number };
  readonly #sentBefore: number;

  constructor(
    scene: Scene,
    told: readonly Told[],
    others: { blockedId: string; oldId: string; earlyId: string },
    chats: { old: number; early: number },
  ) {
    this.#scene = scene;
    this.#told = [...told];
    this.#others = others;
    this.#chats = chats;
    this.#sentBefore = scene.api.sent().length;
  }

  add(told: Told): void {
    this.#told.push(told);
  }

  openIntents(): Promise<number> {
    return count(this.#scene, 'pending_deletions where notice_started_at is not null and failed_at is null');
  }

  async account({ outputs, mayFail }: AccountOptions): Promise<Account> {
    const { db, api } = this.#scene;
    const rows = await db.query<Left>('select id::text, failure from pending_deletions');
    const left = new Map(rows.map(({ id, failure }) => [id, failure]));
    const uncertain = mentioned(outputs, /the notice of record (\d+) may or may not have arrived/g);
    // Beside this job another one may post guides.
    const sent = api
      .sent()
      .slice(this.#sentBefore)
      .filter(({ chatId }) => !chatId.startsWith('-'));
    const lost: string[] = [];
    const repeated: string[] = [];
    let own = 0;

    for (const { id, chatId, ids, uniqueId } of this.#told) {
      const notices = sent.filter(({ replyMarkup }) => JSON.stringify(replyMarkup).includes(`start=${uniqueId}"`));
      own += notices.length;
      if (notices.length > 1) repeated.push(`record ${id}: ${notices.length} notices`);
      const failure = left.get(id);
      if (failure === null) lost.push(`record ${id} is never settled`);
      else if (failure !== undefined && !mayFail) lost.push(`record ${id} was given up: ${failure}`);
      if (left.has(id)) continue;
      const standing = api.messageIds(chatId).filter((messageId) => ids.includes(messageId));
      if (standing.length > 0 && !mayFail) lost.push(`record ${id} is gone, its messages ${standing} stand`);
      if (notices.length === 0 && !uncertain.has(id) && !mayFail) {
        lost.push(`record ${id}: no notice, and none reported as uncertain`);
      }
    }
    if (sent.length > own) repeated.push(`${sent.length - own} notices that belong to no record`);
    this.#accountOthers(left, lost);
    return { lost, repeated, uncertain: uncertain.size };
  }

  #accountOthers(left: ReadonlyMap<string, string | null>, lost: string[]): void {
    const { api } = this.#scene;
    const { blockedId, oldId, earlyId } = this.#others;
    if (left.has(blockedId)) lost.push(`the record of the blocked chat stays: ${left.get(blockedId)}`);
    if (left.get(oldId) !== 'too_old') lost.push(`the record past 48 h: ${left.get(oldId)} instead of too_old`);
    if (left.get(earlyId) !== null) lost.push(`the record that is not due is gone or failed: ${left.get(earlyId)}`);
    if (!api.messageIds(this.#chats.old).includes(1)) lost.push('the message past 48 h is gone');
    if (!api.messageIds(this.#chats.early).includes(1)) lost.push('the message that is not due is gone');
  }
}
