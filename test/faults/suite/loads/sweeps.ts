/** The loads of the jobs that delete rows and call nobody. */
import { counter, token } from '../../../support/rows.ts';
import type { Scene } from '../../../support/scene.ts';
import { type Account, type Laid, type Load, newChat } from '../load.ts';

export const cleanupTokensLoad: Load = {
  job: 'cleanup-tokens',
  callsTelegram: false,
  async layOut(scene, { items }) {
    const { db } = scene;
    for (let i = 0; i < items; i++) await token(db, { status: i % 2 === 0 ? 'verified' : 'bypassed' });
    const stay = [
      await token(db, { status: 'not_used', expiredFor: '90 days' }),
      await token(db, { status: 'verified', expiredFor: '-1h' }),
    ];
    return new LaidRows(scene, 'select token as key from tokens order by 1', stay);
  },
};

export const resetCountsLoad: Load = {
  job: 'reset-counts',
  callsTelegram: false,
  async layOut(scene, { items }) {
    const { db } = scene;
    for (let i = 0; i < items; i++) await counter(db, { userId: newChat(), daysAgo: 1 + (i % 3) });
    const today = newChat();
    await counter(db, { userId: today, daysAgo: 0 });
    return new LaidRows(scene, 'select user_id::text as key from token_generator_count order by 1', [String(today)]);
  },
};

class LaidRows implements Laid {
  readonly env = {};
  readonly staysDue = 0;
  readonly firstCode = 0;
  readonly endCodes = [0];
  readonly #scene: Scene;
  readonly #select: string;
  readonly #stay: readonly string[];

  constructor(scene: Scene, select: string, stay: readonly string[]) {
    this.#scene = scene;
    this.#select = select;
    this.#stay = stay;
  }

  async openIntents(): Promise<number> {
    return 0;
  }

  async account(): Promise<Account> {
    const rows = await this.#scene.db.query<{ key: string }>(this.#select);
    const left = rows.map(({ key }) => key);
    const lost = [
      ...left.filter((key) => !this.#stay.includes(key)).map((key) => `row ${key} was due and stands`),
      ...this.#stay.filter((key) => !left.includes(key)).map((key) => `row ${key} was not due and is gone`),
    ];
    return { lost, repeated: [], uncertain: 0 };
  }
}
