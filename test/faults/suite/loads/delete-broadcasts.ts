import { broadcast } from '../../../support/rows.ts';
import type { Scene } from '../../../support/scene.ts';
import { type Account, type AccountOptions, count, type Laid, type Load, newChat } from '../load.ts';

type Message = { chatId: number; messageId: number };

interface Broadcasts {
  /** Removed whole in the end. */
  due: { id: string; messages: Message[] }[];
  /** Holds one message past 48 hours, so it is kept as failed. */
  old: { id: string; messages: Message[]; tooOld: Message };
  withoutLedger: string;
  early: { id: string; message: Message };
}

const hour = 3_600_000;

/** Broadcasts that share chats, one that Telegram lost a message of, and one of each fate that ends otherwise. */
export const deleteBroadcastsLoad: Load = {
  job: 'delete-broadcasts',
  callsTelegram: true,
  async layOut(scene, { items }) {
    const { db, api } = scene;
    const chats = Array.from({ length: items }, newChat);
    const put = (chatId: number, messageId: number): Message => {
      api.addMessage(chatId, { id: messageId });
      return { chatId, messageId };
    };
    const first = chats.map((chatId) => put(chatId, 11));
    // Every other chat got both: its messages travel in one call.
    const second = chats.filter((_, i) => i % 2 === 0).map((chatId) => put(chatId, 12));
    const gone = { chatId: newChat(), messageId: 9 };
    api.addChat(gone.chatId);
    const due = [];
    for (const messages of [first, [...second, gone]]) due.push({ id: await broadcast(db, { messages }), messages });

    const young = put(newChat(), 5);
    const tooOld = { chatId: newChat(), messageId: 6 };
    api.addMessage(tooOld.chatId, { id: 6, ageMs: 49 * hour });
    const oldId = await broadcast(db, { messages: [young, tooOld] });
    await db.query(`update broadcast_messages set sent_at = now() - interval '49 hours' where chat_id = $1`, [
      tooOld.chatId,
    ]);
    const early = put(newChat(), 1);
    return new LaidBroadcasts(scene, {
      due,
      old: { id: oldId, messages: [young], tooOld },
      withoutLedger: await broadcast(db, { messages: [] }),
      early: { id: await broadcast(db, { messages: [early], dueFor: '-400 days' }), message: early },
    });
  },
};

class LaidBroadcasts implements Laid {
  readonly env = {};
  readonly staysDue = 0;
  readonly firstCode = 1;
  readonly endCodes = [0, 1];
  readonly #scene: Scene;
  readonly #broadcasts: Broadcasts;

  constructor(scene: Scene, broadcasts: Broadcasts) {
    this.#scene = scene;
    this.#broadcasts = broadcasts;
  }

  async openIntents(): Promise<number> {
    return 0;
  }

  async account({ mayFail }: AccountOptions): Promise<Account> {
    const { db } = this.#scene;
    const { due, old, withoutLedger, early } = this.#broadcasts;
    const rows = await db.query<{ id: string; failure: string | null }>('select id::text, failure from broadcasts');
    const left = new Map(rows.map(({ id, failure }) => [id, failure]));
    const ledger = await db.query<{ chat_id: string; message_id: string; failure: string | null }>(
      'select chat_id::text, message_id::text, failure from broadcast_messages',
    );
    const kept = new Map(ledger.map((row) => [`${row.chat_id} ${row.message_id}`, row.failure]));
    const lost: string[] = [];

    for (const { chatId, messageId } of [...due, old].flatMap(({ messages }) => messages)) {
      const failure = kept.get(`${chatId} ${messageId}`);
      const name = `message ${messageId} in ${chatId}`;
      if (failure === null) lost.push(`${name} is never settled`);
      else if (failure !== undefined && !mayFail) lost.push(`${name} was given up: ${failure}`);
      else if (failure === undefined && !mayFail && this.#stands({ chatId, messageId })) {
        lost.push(`${name} stands, its row is gone`);
      }
    }
    for (const { id } of due) {
      if (left.has(id) && !(mayFail && left.get(id) === 'messages_failed')) {
        lost.push(`broadcast ${id} stays, failure ${left.get(id)}`);
      }
    }
    const { tooOld } = old;
    if (left.get(old.id) !== 'messages_failed') lost.push(`the broadcast past 48 h: ${left.get(old.id)}`);
    if (kept.get(`${tooOld.chatId} ${tooOld.messageId}`) !== 'too_old') lost.push('the message past 48 h is not kept');
    if (left.get(withoutLedger) !== 'no_ledger') lost.push(`without a ledger: ${left.get(withoutLedger)}`);
    if (left.get(early.id) !== null) lost.push('the broadcast that is not due is gone or failed');
    if (kept.get(`${early.message.chatId} 1`) !== null) lost.push('the ledger that is not due is gone or failed');
    for (const message of [tooOld, early.message]) {
      if (!this.#stands(message)) lost.push(`message ${message.messageId} in ${message.chatId} should stand`);
    }
    const orphans = await count(
      this.#scene,
      'broadcast_messages as m where not exists (select from broadcasts as b where b.id = m.broadcast_id)',
    );
    if (orphans > 0) lost.push(`${orphans} ledger rows without their broadcast`);
    return { lost, repeated: [], uncertain: 0 };
  }

  #stands({ chatId, messageId }: Message): boolean {
    return this.#scene.api.message(chatId, messageId) !== undefined;
  }
}
