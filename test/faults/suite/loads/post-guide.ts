import type { Scene } from '../../../support/scene.ts';
import { type Account, type AccountOptions, count, type Laid, type Load, newChat } from '../load.ts';

/** Channels that take posts, one of them by its name, and one where the bot lacks the right. */
export const postGuideLoad: Load = {
  job: 'post-guide',
  callsTelegram: true,
  async layOut(scene, { items }) {
    const { api } = scene;
    const ids = Array.from({ length: items + 1 }, () => `-100${newChat() + 1_000_000_000}`);
    const [refusing = '', ...open] = ids;
    const named = `@channel${newChat()}`;
    const namedId = `-100${newChat() + 1_000_000_000}`;
    for (const id of open) api.addChat({ id, type: 'channel' });
    api.addChat({ id: namedId, type: 'channel', username: named.slice(1) });
    api.addChat({ id: refusing, type: 'channel', state: 'need_admin' });
    return new LaidChannels(scene, { open: [...open, named], refusing, ids: [...open, namedId] });
  },
};

interface Channels {
  /** As they are configured. */
  open: string[];
  refusing: string;
  /** As Telegram knows them, in the order of `open`. */
  ids: string[];
}

class LaidChannels implements Laid {
  readonly env: Record<string, string>;
  readonly staysDue = 1;
  readonly firstCode = 1;
  readonly endCodes = [1];
  readonly #scene: Scene;
  readonly #channels: Channels;
  readonly #sentBefore: number;

  constructor(scene: Scene, channels: Channels) {
    this.#scene = scene;
    this.#channels = channels;
    this.#sentBefore = scene.api.sent().length;
    // One slot for all passes of the trial, whenever it runs.
    this.env = { GUIDE_CHAT_IDS: [...channels.open, channels.refusing].join(','), GUIDE_INTERVAL: '24h' };
  }

  openIntents(): Promise<number> {
    return count(this.#scene, `telesweep.guide_posts where state = 'posting'`);
  }

  async account({ mayFail }: AccountOptions): Promise<Account> {
    const { db, api } = this.#scene;
    const { open, refusing, ids } = this.#channels;
    const rows = await db.query<{ chat_id: string; state: string; error: string | null }>(
      'select chat_id, state, error from telesweep.guide_posts',
    );
    const posts = new Map(rows.map((row) => [row.chat_id, row]));
    // Beside this job another one may send notices.
    const sent = api
      .sent()
      .slice(this.#sentBefore)
      .filter(({ chatId }) => chatId.startsWith('-'));
    const lost: string[] = [];
    const repeated: string[] = [];
    let uncertain = 0;
    for (const [i, chatId] of open.entries()) {
      const guides = sent.filter((message) => message.chatId === ids[i]).length;
      const post = posts.get(chatId);
      if (guides > 1) repeated.push(`${chatId}: ${guides} guides`);
      if (post?.state === 'uncertain') {
        uncertain++;
        // The row is what an operator sees; the log tells it as well, unless a kill came between.
        if (!post.error) lost.push(`${chatId}: uncertain, without a reason`);
      } else if (post?.state === 'posted') {
        if (guides === 0) lost.push(`${chatId}: counts as posted and got no guide`);
      } else if (!(mayFail && post?.state === 'failed')) {
        lost.push(`${chatId}: ${post?.state ?? 'no row'}: ${post?.error}`);
      }
    }
    const refused = posts.get(refusing);
    // The refusal may have been under way as well when a pass died.
    if (refused?.state === 'uncertain') uncertain++;
    else if (refused?.state !== 'failed' || !refused.error) lost.push(`the channel that refuses: ${refused?.state}`);
    const strange = sent.filter((message) => !ids.includes(message.chatId)).length;
    if (strange > 0) repeated.push(`${strange} guides in other chats`);
    return { lost, repeated, uncertain };
  }
}
