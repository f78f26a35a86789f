/** The demo of post-guide: two passes in one slot and one in the next, over channels of every kind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatCount } from '../../../src/output/format.ts';
import type { RunResult } from '../run.ts';
import { mark } from './screen.ts';
import { type Section, showFindings } from './section.ts';
import { runPass } from './show-pass.ts';
import type { Stage } from './stage.ts';

interface ChannelKind {
  name: string;
  /** As GUIDE_CHAT_IDS names them. */
  channels: readonly string[];
  /** Where their posts arrive. */
  ids: readonly number[];
  /** How many posts must have arrived after each pass. */
  posts: readonly number[];
  /** What telesweep must have written of the last pass. */
  state: 'posted' | 'failed';
}

const plain = [-1_001_700_000_001, -1_001_700_000_002, -1_001_700_000_003, -1_001_700_000_004];
const named = -1_001_700_000_011;
const muted = -1_001_700_000_012;
const upgraded = -700_000_013;
const successor = -1_001_700_000_013;
const kicked = -1_001_700_000_014;

const kinds: readonly ChannelKind[] = [
  { name: 'channels', channels: plain.map(String), ids: plain, posts: [4, 4, 8], state: 'posted' },
  { name: 'a channel by its @name', channels: ['@demo_guides'], ids: [named], posts: [1, 1, 2], state: 'posted' },
  { name: 'right given after 1st pass', channels: [`${muted}`], ids: [muted], posts: [0, 1, 2], state: 'posted' },
  { name: 'group became a supergroup', channels: [`${upgraded}`], ids: [successor], posts: [1, 1, 2], state: 'posted' },
  { name: 'bot was kicked', channels: [`${kicked}`], ids: [kicked], posts: [0, 0, 0], state: 'failed' },
];

export function postGuideSection(): Section {
  const env = { GUIDE_CHAT_IDS: JSON.stringify(kinds.flatMap(({ channels }) => channels)) };
  const passes: RunResult[] = [];
  /** Of each kind, after each pass. */
  const posts: number[][] = kinds.map(() => []);

  async function pass(stage: Stage, remark: string): Promise<void> {
    passes.push(await runPass(stage, 'post-guide', remark, env));
    for (const [n, { ids }] of kinds.entries()) {
      posts[n]?.push(ids.reduce((sum, id) => sum + stage.api.sent(id).length, 0));
    }
  }

  return {
    async before({ api, screen }) {
      for (const id of plain) api.addChat({ id, type: 'channel' });
      api.addChat({ id: named, type: 'channel', username: 'demo_guides' });
      api.addChat({ id: muted, type: 'channel', state: 'need_admin' });
      api.addChat({ id: successor, type: 'supergroup' });
      api.addChat({ id: upgraded, type: 'group', migrateTo: successor });
      api.addChat({ id: kicked, type: 'channel', state: 'kicked' });
      screen.heading('guides: one every four hours, to each of 8 channels');
    },

    async run(stage) {
      await pass(stage, 'every four hours');
      stage.api.setState(muted, 'ok');
      await pass(stage, 'again in the same slot');
      await letFourHoursPass(stage);
      await pass(stage, 'four hours later');
    },

    async after(stage) {
      const states = await readStates(stage);
      let bad = 0;
      const rows = kinds.map(({ name, channels, posts: expected, state }, n) => {
        const seen = [...new Set(channels.map((channel) => states.get(channel) ?? 'none'))].join(', ');
        const good = String(posts[n]) === String(expected) && seen === state;
        if (!good) bad++;
        return [name, String(channels.length), ...(posts[n] ?? []).map(formatCount), seen, mark(good)];
      });
      stage.screen.table(['posts so far', 'channels', '1st pass', '2nd pass', '4 h later', 'state', ''], rows);
      return (
        bad + showFindings(stage, [[await guidesWentRound(stage, passes), 'each slot brought one guide, the next']])
      );
    },
  };
}

/** Moves what is written of the slot back, and waits until Telegram takes another message in the same chats. */
async function letFourHoursPass({ api, query }: Stage): Promise<void> {
  await query("update telesweep.guide_posts set slot = slot - interval '4 hours'");
  const last = Math.max(0, ...kinds.flatMap(({ ids }) => ids.flatMap((id) => api.sent(id).map(({ at }) => at))));
  await sleep(Math.max(0, last + 1000 - Date.now()));
}

async function readStates({ query }: Stage): Promise<Map<string, string>> {
  const rows = await query<{ chat_id: string; state: string }>(
    'select chat_id, state from telesweep.guide_posts where slot = (select max(slot) from telesweep.guide_posts)',
  );
  return new Map(rows.map(({ chat_id, state }) => [chat_id, state]));
}

/** Each channel that was reached got the first guide, then the second, whichever pass brought it. */
async function guidesWentRound({ api, query }: Stage, passes: readonly RunResult[]): Promise<boolean> {
  const guides = await query<{ id: string; title: string }>('select id, title from guides order by position limit 2');
  const [first, second] = guides;
  const told = passes.map(({ summary }) => summary?.guide_id);
  return (
    String(told) === String([first?.id, first?.id, second?.id]) &&
    kinds
      .filter(({ state }) => state === 'posted')
      .flatMap(({ ids }) => ids)
      .every((id) => {
        const texts = api.sent(id).map(({ text }) => text);
        return texts.length === 2 && guides.every(({ title }, n) => texts[n]?.startsWith(title));
      })
  );
}
