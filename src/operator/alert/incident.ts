/** What a look at what is not well makes of an alert. Pure. */
import type { AlertState, OpenAlert, Sighting } from '../../store/alerts.ts';
import { alertText, overText } from './alert-text.ts';
import type { Ill } from './ill.ts';

export interface Look {
  /** Worst first. */
  ills: readonly Ill[];
  /** A check failed, so that what is not among the ills need not be well. */
  incomplete: boolean;
  now: Date;
  /** What is alerted of, for the first line. */
  whose: string;
  timeZone: string;
  /** ALERT_AFTER. */
  after: number;
  /** ALERT_REPEAT. */
  repeatMs: number;
  /** The chat that is told now; null for a channel whose messages cannot be edited or answered. */
  chatId: string | null;
}

export type Message =
  | { kind: 'new' | 'reminder' | 'over'; text: string; replyTo: string | null }
  | { kind: 'edit'; text: string; messageId: string };

export interface Step {
  /** Null where nothing is to be said. */
  message: Message | null;
  /** When it is said. For a new message its id is not known yet. */
  said: AlertState;
  /** When it could not be said: the sightings count all the same. */
  unsaid: AlertState;
}

/** What was told of and was not seen: it counts as it was, until a whole look finds it well. */
function unknownOf(open: OpenAlert | null, ills: readonly Ill[]): Ill[] {
  const names = (open?.told ?? []).filter((told) => !ills.some(({ name }) => name === told));
  const why = 'not known now, because a check failed';
  return names.map((name) => ({ name, how: null, since: null, why, wayOut: null }));
}

function sightingsOf(ills: readonly Ill[], before: AlertState['seen'], now: Date): [string, Sighting][] {
  return ills.map(({ name, since }) => {
    const past = before.get(name);
    return [name, { since: since ?? past?.since ?? now, times: (past?.times ?? 0) + 1 }];
  });
}

/** One alert an incident: it begins with what was seen often enough, is edited as it changes, and is over when all of it is. */
export function nextStep({ seen: before, open }: AlertState, look: Look): Step {
  const { now, after, repeatMs } = look;
  const ills = [...look.ills, ...(look.incomplete ? unknownOf(open, look.ills) : [])];
  const seen = new Map(sightingsOf(ills, before, now));
  const sure = ills.filter(({ name }) => open?.told.includes(name) || (seen.get(name)?.times ?? 0) >= after);
  const told = sure.map(({ name }) => name);
  const unsaid: AlertState = { seen, open };
  const silent = (kept: OpenAlert | null): Step => {
    const state = { seen, open: kept };
    return { message: null, said: state, unsaid: state };
  };
  const message = open?.message?.chatId === look.chatId ? (open?.message ?? null) : null;
  const replyTo = message?.id ?? null;

  if (sure.length === 0) {
    if (open === null) return silent(null);
    const text = overText(look, open.told, open.openedAt);
    return { message: { kind: 'over', text, replyTo }, said: { seen, open: null }, unsaid };
  }
  const openedAt = open?.openedAt ?? now;
  const text = alertText(look, sure, seen, now.getTime() - openedAt.getTime() >= repeatMs);
  const send = (kind: 'new' | 'reminder'): Step => {
    const said = { seen, open: { told, text, openedAt, toldAt: now, message: null } };
    return { message: { kind, text, replyTo }, said, unsaid };
  };
  if (open === null) return send('new');
  if (now.getTime() - open.toldAt.getTime() >= repeatMs) return send('reminder');
  if (text === open.text) return silent(open);
  if (message !== null) {
    const said = { seen, open: { ...open, told, text } };
    return { message: { kind: 'edit', text, messageId: message.id }, said, unsaid };
  }
  // What cannot be edited is said anew only where there is more to say.
  return told.some((name) => !open.told.includes(name)) ? send('new') : silent({ ...open, told });
}
