/** The demo of delete-due: a day's records, one pass, one more with nothing due, and what became of every kind. */

import { formatCount, formatDuration } from '../../../src/output/format.ts';
import type { Summary } from '../../../src/process/summary.ts';
import type { Call } from '../bot-api.ts';
import type { RunResult } from '../run.ts';
import { type Fate, readFates } from './books.ts';
import { type Day, type DayRecord, layOutDay } from './day.ts';
import { kinds } from './kinds.ts';
import { mark } from './screen.ts';
import { type Finding, type Section, showFindings } from './section.ts';
import { runPass } from './show-pass.ts';
import type { Stage } from './stage.ts';

/** @param size how many records, about */
export function deleteDueSection(size: number): Section {
  let day: Day = { records: [], bystanders: [] };
  const passes: RunResult[] = [];

  return {
    async before(stage) {
      day = await layOutDay(stage, size);
      stage.screen.heading('pending_deletions, as the bot has filled it');
      showDay(stage, day.records);
    },

    async run(stage) {
      passes.push(await runPass(stage, 'delete-due', 'every minute'));
      passes.push(await runPass(stage, 'delete-due', 'a minute later: nothing is due'));
    },

    async after(stage) {
      const { screen } = stage;
      screen.heading("What became of the records, by the table and by Telegram's own books");
      screen.line('  standing: messages that are still there; notices: what readers received');
      const fates = await readFates(stage, day);
      screen.table(
        ['kind of record', 'records', 'still in table', 'standing', 'notices', ''],
        kinds.map((kind) => rowOf(kind.name, fates.get(kind) ?? [])),
      );
      screen.line();
      const bad = [...fates.values()].flat().filter(({ good }) => !good).length;
      return bad + showFindings(stage, findings(stage, day, passes));
    },
  };
}

function showDay({ screen }: Stage, records: readonly DayRecord[]): void {
  const figures = (some: readonly DayRecord[]): string[] => [
    formatCount(some.length),
    formatCount(sum(some.map(({ ids }) => ids.length))),
    some.some(({ due }) => due) ? 'yes' : 'not yet',
  ];
  const rows = kinds.map((kind) => [kind.name, ...figures(records.filter((record) => record.kind === kind))]);
  const due = records.filter((record) => record.due);
  screen.table(['kind of record', 'records', 'messages', 'due'], rows);
  screen.line(`  ${formatCount(due.length)} of ${formatCount(records.length)} records are due.`);
}

function rowOf(name: string, fates: readonly Fate[]): string[] {
  const rows = fates.flatMap(({ row }) => row ?? []);
  const failures = [...new Set(rows.flatMap(({ failure }) => failure ?? []))];
  return [
    name,
    formatCount(fates.length),
    rows.length === 0 ? '0' : `${formatCount(rows.length)} ${failures.length === 0 ? 'waiting' : failures.join(', ')}`,
    formatCount(sum(fates.map(({ standing }) => standing.length))),
    formatCount(sum(fates.map(({ notices }) => notices))),
    mark(fates.length > 0 && fates.every(({ good }) => good)),
  ];
}

/** What holds for the passes as a whole. */
function findings(stage: Stage, day: Day, [first, second]: readonly RunResult[]): Finding[] {
  const { api } = stage;
  const gapMs = leastGapMs(stage, day);
  const standing = day.bystanders.filter(({ chatId, id }) => api.message(chatId, id) !== undefined).length;
  return [
    [
      first?.code === 1 && first.summary !== undefined && agrees(stage, day, first.summary),
      "the summary's figures are those of Telegram's books",
    ],
    [second?.code === 0 && second.summary?.telegram.calls === 0, 'the second pass found nothing due and made no call'],
    [gapMs >= 1000, `notices to one chat came at least ${formatDuration(gapMs)} apart (Telegram takes one a second)`],
    [nearestWentFirst(stage, day), 'what was nearest to 48 hours went first'],
    [
      standing === day.bystanders.length,
      `${formatCount(standing)} of ${formatCount(day.bystanders.length)} other messages in these chats still stand`,
    ],
  ];
}

/** The calls that the day's records caused, in order; the one without a chat asks for the bot's name. */
function callsOf({ api }: Stage, { records }: Day): readonly Call[] {
  const chats = new Set(records.map(({ chatId }) => String(chatId)));
  return api.calls.filter(({ chatId }) => chatId === null || chats.has(chatId));
}

/** Compares each figure with what the chats really went through. */
function agrees(stage: Stage, day: Day, { counts, outcome, telegram, left }: Summary): boolean {
  const { api } = stage;
  const { records } = day;
  const chats = new Set(records.map(({ chatId }) => String(chatId)));
  const due = records.filter((record) => record.due);
  const reached = due.filter(({ kind, expect }) => !expect.noCall && isReachable(kind.chat));
  const settled = reached.flatMap(({ chatId, ids }) =>
    ids.filter((id) => id > 0 && api.message(chatId, id) === undefined),
  );
  const waiting = due.filter(({ expect }) => expect.row === 'waits').length;
  return (
    outcome === 'partial' &&
    counts.records === due.filter(({ expect }) => expect.row === 'gone').length &&
    (counts.messages_deleted ?? 0) + (counts.messages_gone ?? 0) === settled.length &&
    counts.notices_sent === api.sent().filter(({ chatId }) => chats.has(chatId)).length &&
    counts.notices_uncertain === 0 &&
    counts.deferred === waiting &&
    left.due === waiting &&
    telegram.calls === callsOf(stage, day).length
  );
}

function isReachable({ state = 'ok', canStillDelete, migrates }: DayRecord['kind']['chat']): boolean {
  return migrates !== true && (state === 'ok' || state === 'cannot_delete' || canStillDelete === true);
}

function leastGapMs({ api }: Stage, { records }: Day): number {
  const gaps = [...new Set(records.map(({ chatId }) => chatId))].flatMap((chatId) => {
    const times = api.sent(chatId).map(({ at }) => at);
    return times.slice(1).map((at, n) => at - (times[n] ?? 0));
  });
  return Math.min(...gaps);
}

/** The first deletions of the pass are those of the records that have ten minutes left; a few may overtake on the way. */
function nearestWentFirst(stage: Stage, day: Day): boolean {
  const near = new Set(
    day.records.filter(({ kind }) => kind.name.startsWith('nearly')).map(({ chatId }) => `${chatId}`),
  );
  const deletions = callsOf(stage, day).filter(({ method }) => method.startsWith('deleteMessage'));
  const first = deletions.slice(0, near.size + 3).filter(({ chatId }) => near.has(chatId ?? ''));
  return new Set(first.map(({ chatId }) => chatId)).size === near.size;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
