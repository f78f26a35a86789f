/** Looks up what became of each record: its row in the database, its messages and notices in Telegram's own books. */
import type { Sent } from '../bot-api.ts';
import { botUsername } from '../bot-api.ts';
import type { Day, DayRecord } from './day.ts';
import type { Kind } from './kinds.ts';
import type { Stage } from './stage.ts';

export interface Row {
  id: string;
  failure: string | null;
  failed: boolean;
}

/** What became of one record. */
export interface Fate {
  record: DayRecord;
  /** Null where the row is gone. */
  row: Row | null;
  /** Ids of the record that still stand in the chat. */
  standing: readonly number[];
  notices: number;
  good: boolean;
}

/** The fate of every record, by kind. */
export async function readFates(stage: Stage, day: Day): Promise<Map<Kind, Fate[]>> {
  const rows = new Map<string, Row>();
  for (const row of await stage.query<Row>(
    'select id::text, failure, failed_at is not null as failed from pending_deletions',
  )) {
    rows.set(row.id, row);
  }
  const fates = new Map<Kind, Fate[]>();
  for (const record of day.records) {
    const ofKind = fates.get(record.kind) ?? [];
    fates.set(record.kind, ofKind);
    ofKind.push(fateOf(stage, record, rows.get(record.id) ?? null));
  }
  return fates;
}

function fateOf({ api }: Stage, record: DayRecord, row: Row | null): Fate {
  const { chatId, ids, uniqueId, expect } = record;
  const standing = ids.filter((id) => api.message(chatId, id) !== undefined);
  const received = api.sent(chatId);
  const button = expect.notice === 'plain' ? null : linkTo(uniqueId);
  // Each record of a chat has a payload of its own, so a button tells whose notice it is.
  const notices = received.filter((sent) => linkOf(sent) === button).length;
  const stray = received.some((sent) => linkOf(sent) === null) && expect.notice !== 'plain';
  const untouched = api.calls.every((call) => call.chatId !== String(chatId));
  return {
    record,
    row,
    standing,
    notices,
    good:
      rowIsAsExpected(row, expect.row) &&
      String(standing) === String(expect.standing) &&
      notices === (expect.notice === null ? 0 : 1) &&
      !stray &&
      (!expect.noCall || untouched),
  };
}

function rowIsAsExpected(row: Row | null, expected: DayRecord['expect']['row']): boolean {
  if (expected === 'gone' || row === null) return expected === 'gone' && row === null;
  if (expected === 'waits') return !row.failed && row.failure === null;
  return row.failed && row.failure === expected.failure;
}

const linkTo = (uniqueId: string | null): string => `https://t.me/${botUsername}?start=${uniqueId}`;

/** The address of the message's only button; null where it has none. */
function linkOf({ replyMarkup }: Sent): string | null {
  const addresses = /"url":"([^"]*)"/.exec(JSON.stringify(replyMarkup));
  return addresses?.[1] ?? null;
}
