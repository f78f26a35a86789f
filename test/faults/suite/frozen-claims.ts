/** A holder that freezes when its claim is committed and nothing is sent, and wakes when another has done the work. */
import { Random } from '../../support/demo/random.ts';
import { addFindings, type Findings, nothingFound, placed } from './findings.ts';
import { count } from './load.ts';
import { deleteDueLoad } from './loads/delete-due.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/**
 * The claim's answer waits at the door of the frozen one, in some cases with the slots that it is to be used for; or the
 * frozen one has the claim and waits for a slot.
 */
export const claimPlaces = ['on its way', 'on its way with new slots', 'in hand'] as const;
export type ClaimPlace = (typeof claimPlaces)[number];

/** Slow, so that claims wait for their slots. */
const slow = { TELEGRAM_RATE: '20', TELEGRAM_TIMEOUT: '1s' };

/** Quick, and little to do: the slot comes with its claim, for at once. */
const quick = { TELEGRAM_RATE: '200', TELEGRAM_TIMEOUT: '1s' };

/** Moments tried until one lies between claim and send. */
const most = 8;

export function frozenClaim(place: ClaimPlace, seed: number): Trial {
  return {
    part: 'crowds',
    what: `frozen beyond the lease between claim and send, the claim ${place}: it sends nothing`,
    job: 'delete-due',
    async play(stage) {
      // A busy machine may freeze it a moment after the send: then nothing was tried, and another moment is.
      const found = nothingFound();
      for (let n = 0; n < most && found.times === 0; n++) {
        addFindings(found, await playFrozenClaim(stage, place, seed + n * 1_000));
      }
      return found;
    },
  };
}

async function playFrozenClaim(stage: Stage, place: ClaimPlace, seed: number): Promise<Findings> {
  const found = nothingFound();
  const random = new Random(seed);
  const { api, db } = stage.scene;
  const withSlots = place === 'on its way with new slots';
  const laid = await stage.layOut(deleteDueLoad, { items: withSlots ? random.int(1, 3) : 12 });
  const freezeAtClaim = withSlots ? 1 : random.int(1, 5);
  const afterMs = random.int(0, 8);
  const frozenMs = random.int(1_100, 1_600);
  const callsBefore = api.calls.length;
  const seen = new Set<string>();
  let claims = 0;
  let open = 0;
  let callsUntilWoken: number | null = null;

  const unsent = async (): Promise<string[]> => {
    const rows = await db.query<{ chat_id: string }>(
      'select chat_id::text from pending_deletions where notice_started_at is not null and failed_at is null',
    );
    const sends = api.calls.slice(callsBefore).filter(({ method }) => method === 'sendMessage');
    const chats = new Set(sends.map(({ chatId }) => String(chatId)));
    return rows.map(({ chat_id }) => chat_id).filter((chatId) => !chats.has(chatId));
  };
  let reservedUntil = '';
  const reserves = async (): Promise<boolean> => {
    const [row] = await db.query<{ until: string }>('select max(next_call_at)::text as until from telesweep.budgets');
    const before = reservedUntil;
    reservedUntil = row?.until ?? '';
    return reservedUntil !== before;
  };
  const first = stage.start('delete-due', laid, withSlots ? quick : slow);
  const freeze = async (): Promise<void> => {
    if (!first.child.kill('SIGSTOP')) return;
    const since = performance.now();
    try {
      await underWayEnds(stage);
      open = await laid.openIntents();
      if ((await unsent()).length > 0) found.times = 1;
      await stage.finish('delete-due', laid, found.wrong);
      const left = frozenMs - (performance.now() - since);
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
      callsUntilWoken = api.calls.length;
    } finally {
      first.child.kill('SIGCONT');
    }
  };
  let frozen: Promise<void> | undefined;
  stage.proxy.onAnswered = async () => {
    if (frozen !== undefined) return;
    const hasSlots = await reserves();
    const news = (await unsent()).filter((chatId) => !seen.has(chatId));
    for (const chatId of news) seen.add(chatId);
    if (news.length === 0 || (withSlots && !hasSlots) || ++claims !== freezeAtClaim) return;
    if (place === 'in hand') frozen = new Promise<void>((r) => setTimeout(r, afterMs)).then(freeze);
    else {
      frozen = freeze();
      await frozen;
    }
  };
  const { code, summary, stderr } = await first.done;
  await frozen;
  stage.release();
  if (callsUntilWoken !== null) {
    const late = api.calls.slice(callsUntilWoken).filter(({ method }) => method === 'sendMessage');
    if (late.length > 0) found.wrong.push(`the one that woke sent ${late.length} notices`);
    const ends = summary?.stop_reason === 'lease_lost' ? code === 75 : summary?.stop_reason === 'done';
    if (!ends) found.wrong.push(`the one that woke ended with ${code}: ${lastLines(stderr)}`);
  }
  await stage.sessionsEnd();
  await stage.finish('delete-due', laid, found.wrong);
  await stage.account('delete-due', laid, found);
  if (found.uncertain > open) found.wrong.push(`${found.uncertain} uncertain, where ${open} were open`);
  return placed(found, `claim ${place}, seed ${seed}`);
}

/** A statement that the frozen one had begun comes to its end at the server, and may commit more claims. */
async function underWayEnds({ scene: { db } }: Stage): Promise<void> {
  const active = `pg_stat_activity where datname = current_database() and application_name = 'telesweep' and state = 'active'`;
  const deadline = Date.now() + 10_000;
  while ((await count({ db }, active)) > 0) {
    if (Date.now() > deadline) throw new Error('a statement of the frozen pass does not end');
  }
}
