/** Kills of passes that owe one group many notices, three seconds apart, beside other chats. */
import { Random } from '../../support/demo/random.ts';
import { pendingDeletion } from '../../support/rows.ts';
import { type Findings, nothingFound, placed } from './findings.ts';
import { count, type Load, mentioned, newChat } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

const ofGroup = 30;
const otherChats = 6;

interface Owed {
  id: string;
  chatId: string;
  ids: number[];
  uniqueId: string;
}

export function busyGroupKill(seed: number): Trial {
  return {
    part: 'kills',
    what: 'a group is owed many notices: two passes in a row killed at a call',
    job: 'delete-due',
    play: (stage) => playBusyGroup(stage, seed),
  };
}

/** The trial does the accounting: most of these records end without a notice. */
const emptyLoad: Load = {
  job: 'delete-due',
  callsTelegram: true,
  layOut: async (scene) => ({
    env: {},
    staysDue: 0,
    firstCode: 0,
    endCodes: [0],
    openIntents: () => count(scene, 'pending_deletions where notice_started_at is not null'),
    account: async ({ outputs }) => ({
      lost: [],
      repeated: [],
      uncertain: mentioned(outputs, uncertainNotice).size,
    }),
  }),
};

const uncertainNotice = /the notice of record (\d+) may or may not have arrived/g;

async function layOutGroup({ scene: { api, db } }: Stage): Promise<{ group: string; owed: Owed[] }> {
  const group = `-100${newChat() + 1_000_000_000}`;
  api.addChat({ id: group, type: 'supergroup' });
  const others = Array.from({ length: otherChats }, () => String(newChat()));
  const owed: Owed[] = [];
  for (const [n, chatId] of [...Array<string>(ofGroup).fill(group), ...others].entries()) {
    const ids = [2 * n + 1, 2 * n + 2];
    const uniqueId = `file_${chatId.replace('-', '')}_${n}`;
    api.addMessages(chatId, ids);
    owed.push({ id: await pendingDeletion(db, { chatId, messageIds: ids, uniqueId }), chatId, ids, uniqueId });
  }
  return { group, owed };
}

async function playBusyGroup(stage: Stage, seed: number): Promise<Findings> {
  const found = nothingFound();
  const random = new Random(seed);
  const { api, db } = stage.scene;
  const laid = await stage.layOut(emptyLoad, { items: 0 });
  const { group, owed } = await layOutGroup(stage);
  const sentBefore = api.sent().length;
  let open = 0;
  for (let death = 1; death <= 2; death++) {
    await stage.waitsEnd();
    const pass = stage.start('delete-due', laid);
    const dieAt = random.int(1, 16);
    const isDone = random.int(0, 1) === 1;
    let calls = 0;
    const die = async (): Promise<void> => {
      if (++calls === dieAt && pass.child.kill('SIGKILL')) await pass.done;
    };
    if (isDone) api.onDone = die;
    else api.onCall = die;
    const { code, signal, stderr } = await pass.done;
    stage.release();
    await stage.sessionsEnd();
    if (signal === 'SIGKILL') found.times++;
    else found.wrong.push(`ended with ${code} before its call ${dieAt}: ${lastLines(stderr)}`);
    const inGroup = await count(
      stage.scene,
      `pending_deletions where notice_started_at is not null and chat_id = ${group}`,
    );
    // The next notice of a chat waits for the answer of the one before.
    if (inGroup > 1) found.wrong.push(`${inGroup} notices of one group are in doubt at once`);
    open += await laid.openIntents();
    await checkGone(stage, owed, sentBefore, found);
  }
  // The rest would take three seconds each.
  await stage.finish('delete-due', laid, found.wrong, { NOTICE: 'none' });
  await stage.account('delete-due', laid, found);
  const left = await db.query<{ id: string; failure: string | null }>(
    'select id::text, failure from pending_deletions',
  );
  for (const { id, failure } of left) found.lost.push(`record ${id} stays: ${failure}`);
  checkMessages(stage, owed, new Set(), found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} sends were under way`);
  return placed(found, `busy group ${seed}`);
}

/** What a dead pass took out of the table was deleted and told once, or reported as uncertain. */
async function checkGone(stage: Stage, owed: readonly Owed[], sentBefore: number, found: Findings): Promise<void> {
  const { api, db } = stage.scene;
  const rows = await db.query<{ id: string }>('select id::text from pending_deletions');
  const left = new Set(rows.map(({ id }) => id));
  const uncertain = mentioned(stage.outputs, uncertainNotice);
  const buttons = api
    .sent()
    .slice(sentBefore)
    .map(({ replyMarkup }) => JSON.stringify(replyMarkup));
  for (const { id, uniqueId } of owed) {
    const notices = buttons.filter((button) => button.includes(`start=${uniqueId}"`)).length;
    if (notices > 1) found.repeated.push(`record ${id}: ${notices} notices`);
    if (notices === 0 && !left.has(id) && !uncertain.has(id))
      found.lost.push(`record ${id} is gone without its notice`);
  }
  checkMessages(stage, owed, left, found);
}

function checkMessages(stage: Stage, owed: readonly Owed[], left: ReadonlySet<string>, found: Findings): void {
  for (const { id, chatId, ids } of owed) {
    if (left.has(id)) continue;
    const standing = stage.scene.api.messageIds(chatId).filter((messageId) => ids.includes(messageId));
    if (standing.length > 0) found.lost.push(`record ${id} is gone, its messages ${standing} stand`);
  }
}
