import { randomUUID } from 'node:crypto';
import { formatTime } from '../../output/clock-text.ts';
import { formatDuration } from '../../output/format.ts';
import { complain } from '../../output/output.ts';
import { BotRefusedError, TokenRefusedError, UnavailableError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import type { Settings } from '../../settings/settings.ts';
import { type Connection, readOnly } from '../../store/connect.ts';
import { claimReport, giveUpReport, type ReportResult, readReport, settleReport } from '../../store/reports.ts';
import { type Outcome, wordsOf } from '../../telegram/outcome.ts';
import type { SentMessage } from '../../telegram/result.ts';
import { wayOut } from '../../telegram/way-out.ts';
import { type CommandFlags, runCommand } from '../command.ts';
import { type NotReady, type TelegramChat, telegramChat } from '../telegram-chat.ts';
import { nameOf, sendCommand } from './period-name.ts';
import { type Period, periodBefore, periodOf, type Stretch } from './periods.ts';
import { readStats, type Stats, type StatsPeriod } from './read-stats.ts';
import { reportText } from './report-text.ts';

export interface SendFlags extends CommandFlags {
  by: Stretch;
  dryRun: boolean;
  /** Not before it on any day, in TIMEZONE: `09:00`; null for any time. */
  at: string | null;
  /** Says nothing where all is well. */
  quiet: boolean;
  /** One of many bots: those without STATS_CHAT_ID are passed over. */
  ofMany: boolean;
}

/** What came of it. `held`: another process is sending it; `nothing`: nothing was counted in that stretch; `early`: its hour has not come. */
interface Told {
  did:
    | 'sent'
    | 'failed'
    | 'uncertain'
    | 'already_sent'
    | 'already_uncertain'
    | 'held'
    | 'nothing'
    | 'early'
    | 'paused'
    | 'would_send';
  why: string | null;
  exitCode: number;
  /** What ends the command, once it is written down. */
  error?: Error;
}

/** What settling and the rounding of waits may take beside the calls. */
const spareSeconds = 15;

/** `telesweep stats --send`: the last full stretch, at most once. Never throws. @returns the exit code */
export function runSend(flags: SendFlags, world: World): Promise<number> {
  const { by, dryRun, json, ofMany, at, quiet } = flags;
  const requires = dryRun || ofMany ? [] : ['TELEGRAM_BOT_TOKEN', 'STATS_CHAT_ID'];
  return runCommand('stats', flags, world, requires, async ({ settings, connection, print }) => {
    if (ofMany && settings.statsChatId === null) return exitCodes.ok;
    const choose = (today: string) => [periodBefore(by, periodOf(by, today, today), today)];
    const stats = await readOnly(connection, () => readStats(connection, settings, { by, choose }));
    const [period] = stats.periods;
    if (period === undefined) throw new Error('no stretch was read');
    const text = reportText(stats, period);
    const report = { stats, period, text, settings, connection, world };
    const told = tellEarly(stats, at) ?? (dryRun ? wouldSend(stats, period) : await send(report));
    const { did, why, error } = told;
    if (error !== undefined) throw error;
    const shown = did === 'would_send' || did === 'sent' ? text : null;
    if (json) {
      const { start, end } = period;
      const ok = told.exitCode === exitCodes.ok;
      print(`${JSON.stringify({ ok, did, by, start, end, text: shown, error: why })}\n`);
    } else if (did === 'would_send') print(`${text}\n`);
    else if (told.exitCode === exitCodes.ok && !quiet) print(`${sentence(told, period, by)}\n`);
    if (told.exitCode !== exitCodes.ok)
      complain(world.stderr, 'stats', redact(sentence(told, period, by), settings.secrets), settings.name);
    return told.exitCode;
  });
}

function sentence({ did, why }: Told, period: Period, by: Stretch): string {
  const report = `the report of ${nameOf(period, by)}`;
  switch (did) {
    case 'sent':
      return `${report} is sent`;
    case 'already_sent':
      return `${report} was sent before`;
    case 'uncertain':
    case 'already_uncertain':
      return `${report} may not have arrived: ${why}; it is not sent again`;
    case 'held':
      return `${report} is being sent by another process`;
    case 'nothing':
      return `${report} is not sent: nothing was counted then`;
    case 'early':
      return `${report} is not sent before ${why}`;
    case 'failed':
    case 'paused':
      return `${report} was not sent: ${why}; the next ${sendCommand(by)} tries again`;
    case 'would_send':
      return `${report} would be sent`;
  }
}

/** Null from the time on. */
function tellEarly({ now, timeZone }: Stats, at: string | null): Told | null {
  const [, time = ''] = formatTime(now, timeZone).split(' ');
  return at !== null && time < at ? { did: 'early', why: at, exitCode: exitCodes.ok } : null;
}

const nothingWasCounted = ({ countedSince }: Stats, { end }: StatsPeriod): boolean =>
  countedSince === null || end < countedSince;

function wouldSend(stats: Stats, period: StatsPeriod): Told {
  const did = nothingWasCounted(stats, period) ? 'nothing' : 'would_send';
  return { did, why: null, exitCode: exitCodes.ok };
}

interface Report {
  stats: Stats;
  period: StatsPeriod;
  text: string;
  settings: Settings;
  connection: Connection;
  world: World;
}

async function send(report: Report): Promise<Told> {
  const { stats, period, settings, connection, world } = report;
  const { telegramBotToken: token, statsChatId: chatId, statsThreadId: threadId } = settings;
  if (token === null || chatId === null) throw new Error('required settings are missing');
  if (nothingWasCounted(stats, period)) return { did: 'nothing', why: null, exitCode: exitCodes.ok };
  const key = { stretch: stats.by, began: period.start };
  const standing = await readReport(connection, key);
  if (standing !== null && standing.state !== 'failed') {
    const { state, error: why } = standing;
    if (state === 'sent') return { did: 'already_sent', why: null, exitCode: exitCodes.ok };
    if (state === 'sending') return { did: 'held', why: null, exitCode: exitCodes.ok };
    // Told as news by the process that finds it out, and by that one alone.
    if (await giveUpReport(connection, key)) return { did: 'uncertain', why, exitCode: exitCodes.failed };
    return { did: 'already_uncertain', why, exitCode: exitCodes.ok };
  }
  const chat = telegramChat({ token, chatId, threadId, settings, connection, signal: world.signal });
  try {
    const wait = await chat.ready();
    if (wait !== null) return paused(wait);
    const claim = { ...key, chatId, holder: randomUUID(), seconds: chat.longestMs / 1000 + spareSeconds };
    if (!(await claimReport(connection, claim))) return { did: 'held', why: null, exitCode: exitCodes.ok };
    return await deliver(chat, report.text, (result) => settleReport(connection, claim, result));
  } finally {
    chat.close();
  }
}

async function deliver(
  chat: TelegramChat,
  text: string,
  settle: (result: ReportResult) => Promise<void>,
): Promise<Told> {
  const outcome = await chat.send(text, null);
  if (outcome.kind === 'paused' || outcome.kind === 'stopped') {
    const told = paused(outcome);
    await settle({ state: 'failed', messageId: null, error: told.why });
    return told;
  }
  const told = toldOf(outcome);
  const state = told.did === 'sent' || told.did === 'uncertain' ? told.did : 'failed';
  await settle({ state, messageId: outcome.kind === 'ok' ? outcome.result.messageId : null, error: told.why });
  return told;
}

function paused(wait: NotReady): Told {
  const why =
    wait.kind === 'paused'
      ? `Telegram asked the bot to pause for ${formatDuration(wait.ms)} more`
      : 'it was stopped by a signal';
  return { did: 'paused', why, exitCode: exitCodes.interrupted };
}

function toldOf(outcome: Outcome<SentMessage>): Told {
  const why = wordsOf(outcome);
  switch (outcome.kind) {
    case 'ok':
    case 'already_sent':
      return { did: 'sent', why: null, exitCode: exitCodes.ok };
    case 'unanswered':
      return { did: 'uncertain', why, exitCode: exitCodes.failed };
    case 'rate_limited':
      return paused({ kind: 'paused', ms: outcome.retryAfterSeconds * 1000 });
    case 'not_sent': {
      const error = new UnavailableError(
        `the report was not sent: Telegram cannot be reached: ${why}; ${wayOut(why ?? '')}`,
      );
      return { did: 'failed', why, exitCode: exitCodes.unavailable, error };
    }
    case 'token_refused': {
      const error = new TokenRefusedError(`TELEGRAM_BOT_TOKEN: Telegram refuses the token (${why})`);
      return { did: 'failed', why, exitCode: exitCodes.tokenRefused, error };
    }
    case 'bot_refused': {
      const error = new BotRefusedError(`Telegram refuses the bot: ${why}`);
      return { did: 'failed', why, exitCode: exitCodes.tokenRefused, error };
    }
    default:
      return { did: 'failed', why, exitCode: exitCodes.failed };
  }
}
