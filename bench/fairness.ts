/** What one busy chat, or one job beside another, leaves to the others. */
import type { RecordedCall } from './bot-api.ts';
import type { Database } from './database.ts';
import { fillBroadcast } from './delete-broadcasts.ts';
import { type Figure, figuresOf } from './figure.ts';
import { callsOfFirst, clearedChats, pacedBotApi, pacedPass, rate, together } from './paced.ts';
import { addDueRecords } from './rows.ts';
import type { Stage } from './stage.ts';

const group = -1_001_234_567_890;
const busyChat = 7;

/** Broadcasts go to chats with lower ids. */
const firstOther = 1_000_000;

export async function measureFairness(stage: Stage): Promise<Figure[]> {
  stage.say('one busy chat beside many, and one notice a second beside a broadcast');
  const knowsStay = await stage.knows('delete-due', '--stay');
  const figures = await together([
    besideBusyChat(stage, { name: 'a group with 1,000 due records', busy: 1_000, chatId: group, others: 200 }),
    besideBusyChat(stage, { name: '1,500 notices owed to one chat', busy: 1_500, chatId: busyChat, others: 150 }),
    broadcastBesideOwed(stage),
    ...(knowsStay ? [broadcastBesideTrickle(stage)] : []),
  ]);
  return [...figures, ...(stage.long ? await besideManyOwed(stage) : [])];
}

interface BusyChat {
  name: string;
  busy: number;
  chatId: number;
  others: number;
}

const seconds = 12;

/**
 * The busy chat's records come first. Of 300 calls a quarter may be notices: its messages are few enough that the rest
 * is enough for its deletions, a hundred messages a call, and one for each other chat.
 */
async function besideBusyChat(stage: Stage, { name, busy, chatId, others }: BusyChat) {
  const isGroup = chatId < 0;
  const figure = figuresOf(`fairness, ${name}`);
  const db = await stage.server.create(isGroup ? 'busy_group' : 'owed_chat');
  await addDueRecords(db, { count: busy, chatId, ofOneChat: true, messages: 1, owed: !isGroup });
  await addDueRecords(db, { count: others, chatId: firstOther });
  return async (): Promise<Figure[]> => {
    const calls = await stage.withBotApi(pacedBotApi, async (api) => {
      await pacedPass(stage, api, db, ['delete-due'], { seconds });
      return callsOfFirst(seconds, await api.calls());
    });
    await db.drop();
    return [
      figure(`others cleared in ${seconds} s`, (othersCleared(calls, chatId) / others) * 100, '%', {
        before: 0,
        target: { least: 100 },
      }),
      figure('rate used', (calls.length / (seconds * rate)) * 100, '%', {
        ...(isGroup && { before: 5, target: { least: 90 } }),
      }),
    ];
  };
}

function othersCleared(calls: readonly RecordedCall[], busy: number): number {
  const cleared = clearedChats(calls);
  cleared.delete(String(busy));
  return cleared.size;
}

const broadcastSeconds = 10;

/** One chat is owed more than it may be sent: `delete-due` has nothing else to do, and needs a call a second. */
async function broadcastBesideOwed(stage: Stage) {
  const db = await stage.server.create('beside_owed');
  await addDueRecords(db, { count: 100, chatId: busyChat, ofOneChat: true, owed: true });
  return prepareBroadcast(stage, db, { name: 'one notice a second', args: ['delete-due'], before: 172 / 240 });
}

/** One record becomes due each second: two calls. */
async function broadcastBesideTrickle(stage: Stage) {
  const db = await stage.server.create('beside_trickle');
  await addDueRecords(db, { count: 2 * broadcastSeconds, chatId: firstOther });
  await db.query(`update pending_deletions set delete_at = now() + (chat_id - $1) * interval '1 second'`, [firstOther]);
  const args = ['delete-due', '--stay', `${2 * broadcastSeconds}s`];
  return prepareBroadcast(stage, db, { name: 'one due record a second', args });
}

interface Neighbour {
  name: string;
  args: readonly string[];
  before?: number;
}

async function prepareBroadcast(stage: Stage, db: Database, { name, args, before }: Neighbour) {
  const figure = figuresOf(`fairness, a broadcast beside ${name}`);
  await fillBroadcast(db, 25 * rate);
  return async (): Promise<Figure[]> => {
    const calls = await stage.withBotApi(pacedBotApi, async (api) => {
      await Promise.all([
        pacedPass(stage, api, db, args, { seconds: broadcastSeconds }),
        pacedPass(stage, api, db, ['delete-broadcasts'], { seconds: broadcastSeconds }),
      ]);
      return api.calls();
    });
    await db.drop();
    const isOfBroadcast = ({ method, chatId }: RecordedCall) =>
      method === 'deleteMessage' && Number(chatId) < firstOther;
    const measured = callsOfFirst(broadcastSeconds, calls.slice(calls.findIndex(isOfBroadcast)));
    const ofBroadcast = measured.filter(isOfBroadcast).length;
    const left = broadcastSeconds * rate - (measured.length - ofBroadcast);
    return [
      figure('what is left of the rate, used', (ofBroadcast / left) * 100, '%', {
        ...(before !== undefined && { before: before * 100 }),
        target: { least: 95 },
      }),
      figure('calls of the neighbour', measured.length - ofBroadcast, ''),
    ];
  };
}

/** What is owed stays in the table: a hundred times as much takes no more memory. */
async function besideManyOwed(stage: Stage): Promise<Figure[]> {
  stage.say('100,000 notices owed to one chat');
  const figure = figuresOf('fairness, 100,000 notices owed to one chat');
  const [many, few] = await Promise.all([besideOwed(stage, 100_000), besideOwed(stage, 1_000)]);
  return [
    figure('others cleared in 30 s', many.cleared, '%', { target: { least: 100 } }),
    figure('peak memory', many.peakMiB, 'MiB', {
      base: { what: '1,000 owed', value: few.peakMiB },
      target: { most: 1.1 },
    }),
  ];
}

async function besideOwed(stage: Stage, owed: number): Promise<{ cleared: number; peakMiB: number }> {
  const others = 300;
  const db = await stage.server.create(`owed_${owed}`);
  await addDueRecords(db, { count: owed, chatId: busyChat, ofOneChat: true, owed: true });
  await addDueRecords(db, { count: others, chatId: firstOther });
  const measured = await stage.withBotApi(pacedBotApi, async (api) => {
    const { peakMiB } = await pacedPass(stage, api, db, ['delete-due'], { seconds: 30, usageHook: stage.usageHook });
    const cleared = (othersCleared(callsOfFirst(30, await api.calls()), busyChat) / others) * 100;
    return { cleared, peakMiB };
  });
  await db.drop();
  return measured;
}
