import { randomUUID } from 'node:crypto';
import { type AlertState, holdAlert, readAlert, writeAlert } from '../../store/alerts.ts';
import type { Connection } from '../../store/connect.ts';
import type { Channel, Delivery } from './channel.ts';
import { type Look, type Message, nextStep, type Step } from './incident.ts';

/** What came of a channel in one look. */
export interface Told {
  channel: Channel['name'];
  setting: string;
  /** `held`: another process is telling it. */
  did: 'nothing' | 'would_send' | 'held' | Delivery['kind'];
  kind: Message['kind'] | null;
  text: string | null;
  /** What went wrong. */
  why: string | null;
}

/** What is the same for every channel. */
export interface Seen extends Omit<Look, 'now' | 'whose' | 'chatId'> {
  /** What the bot is called; null where it has no name. */
  name: string | null;
}

/** What the reply and the commit may take beside the channel's own calls. */
const spareSeconds = 15;

/**
 * Counts what is seen and says what is to be said, each message at most once: its claim is committed before the call, and a claim
 * that nobody settled counts as said.
 */
export async function tell(connection: Connection, channel: Channel, seen: Seen): Promise<Told> {
  const hold = { channel: channel.name, holder: randomUUID() };
  const row = await holdAlert(connection, hold, channel.longestMs / 1000 + spareSeconds);
  if (row === null) return toldOf(channel, 'held', null);
  const step = nextStep(row.state, lookOf(row, channel, seen));
  const lost = row.claimedAt === null ? null : `nobody knows whether the one of ${row.claimedAt.toISOString()} arrived`;
  const settle = (state: AlertState) => writeAlert(connection, hold, { state, claim: false, release: true });

  const { message } = step;
  if (message === null) {
    await settle(step.said);
    return toldOf(channel, 'nothing', null, lost);
  }
  const wait = await channel.ready();
  if (wait !== null) {
    await settle(step.unsaid);
    return toldOf(channel, 'unsent', message, wait);
  }
  // The same edit twice is one: it needs no claim.
  const claimed = await writeAlert(connection, hold, {
    state: message.kind === 'edit' ? step.unsaid : step.said,
    claim: message.kind !== 'edit',
    release: false,
  });
  if (!claimed) return toldOf(channel, 'held', message);
  const delivery = surely(await channel.deliver(message), message);
  await settle(stateAfter(delivery, message, step));
  return toldOf(channel, delivery.kind, message, 'why' in delivery ? delivery.why : lost);
}

/** What `tell` would say now. Changes nothing. */
export async function wouldTell(connection: Connection, channel: Channel, seen: Seen): Promise<Told> {
  const row = await readAlert(connection, channel.name);
  const { message } = nextStep(row.state, lookOf(row, channel, seen));
  return toldOf(channel, message === null ? 'nothing' : 'would_send', message);
}

function lookOf({ now, schema }: { now: Date; schema: string }, { chatId }: Channel, { name, ...seen }: Seen): Look {
  return { ...seen, now, whose: name === null ? `telesweep (${schema})` : `${name} (telesweep)`, chatId };
}

/** An edit may be made again, whatever became of it. */
function surely(delivery: Delivery, { kind }: Message): Delivery {
  return kind === 'edit' && delivery.kind === 'uncertain' ? { kind: 'unsent', why: delivery.why } : delivery;
}

function stateAfter(delivery: Delivery, { kind }: Message, { said, unsaid }: Step): AlertState {
  switch (delivery.kind) {
    case 'sent': {
      const { open } = said;
      return open === null || kind === 'edit' ? said : { ...said, open: { ...open, message: delivery.message } };
    }
    case 'uncertain':
      return said;
    case 'unsent':
      return unsaid;
    case 'gone':
      return unsaid.open === null ? unsaid : { ...unsaid, open: { ...unsaid.open, message: null } };
  }
}

function toldOf(
  { name: channel, setting }: Channel,
  did: Told['did'],
  message: Message | null,
  why: string | null = null,
): Told {
  return { channel, setting, did, kind: message?.kind ?? null, text: message?.text ?? null, why };
}
