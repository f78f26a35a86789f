/** Every setting, once and in order: what reads them, `docs/settings.md`, `.env.example` and the words of `doctor` come from here. */
import { apiRoot, pingAddress, proxy, pushgateway, webhook } from './addresses.ts';
import { chatIds, oneChat } from './chat-ids.ts';
import { databaseUrl } from './database-url.ts';
import type { Format } from './format.ts';
import {
  absolutePath,
  botName,
  botToken,
  days,
  duration,
  oneOf,
  plainText,
  rate,
  schemaName,
  sightings,
  threadId,
} from './formats.ts';
import { timeZone } from './time-zone.ts';

export interface SettingInfo<T = unknown> {
  name: string;
  /** Where `Settings` holds it; null there where it is not given and has no default. */
  field: string;
  format: Format<T>;
  /** As it would be written. */
  default?: string;
  /** As it could be written, where the default does not show it. */
  example?: string;
  /** A heading of `.env.example`, which begins here. */
  group?: string;
  meaning: string;
  /** What whoever fills in `.env.example` must know as well. */
  note?: string;
  /** The setting that serves where this one is not given. */
  standIn?: string;
}

const second = 1_000;
const minute = 60_000;

const table = [
  {
    name: 'DATABASE_URL',
    field: 'databaseUrl',
    format: databaseUrl,
    meaning: 'PostgreSQL; without it, the PG* variables of libpq',
    note:
      'Write %25 %2F %3A %3F %23 %40 for the characters % / : ? # @ inside the password. Without ?sslmode=… the connection ' +
      'is not encrypted (disable). For a server on another machine add ?sslmode=verify-full, or ?sslmode=require, which ' +
      'encrypts and asks nobody who they are. The variables are PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE.',
  },
  {
    name: 'SCHEMA',
    field: 'schema',
    format: schemaName,
    example: 'shop',
    meaning: "the schema that holds the bot's tables, where the search path does not lead to it",
    note: 'It must stand already. Unlike a search path it works behind PgBouncer in transaction mode.',
  },
  {
    name: 'NAME',
    field: 'name',
    format: botName,
    example: 'shop',
    meaning:
      'what the bot is called in logs, metrics, units and alerts; without it, the name of its env file in a directory, else SCHEMA',
    note: 'WSL sets NAME to the name of the machine: give it in the file, or unset it, where that is not meant.',
  },
  {
    name: 'TELEGRAM_BOT_TOKEN',
    field: 'telegramBotToken',
    format: botToken,
    meaning: 'the bot whose messages are deleted; only the jobs that call Telegram ask for it',
  },
  {
    name: 'GUIDE_BOT_TOKEN',
    field: 'guideBotToken',
    format: botToken,
    example: '123456789:AAH-guides',
    meaning: 'the bot that posts guides; without it, TELEGRAM_BOT_TOKEN',
    standIn: 'TELEGRAM_BOT_TOKEN',
  },
  {
    name: 'TELEGRAM_API_ROOT',
    field: 'apiRoot',
    format: apiRoot,
    default: 'https://api.telegram.org',
    group: 'Telegram',
    meaning: 'a local Bot API server, or a test one',
  },
  {
    name: 'TELEGRAM_PROXY',
    field: 'proxy',
    format: proxy,
    example: 'socks5://user:password@proxy.example:1080',
    meaning: 'an http, https or socks5 proxy on the way to Telegram',
  },
  {
    name: 'TELEGRAM_RATE',
    field: 'ratePerSecond',
    format: rate,
    default: '25',
    meaning: 'calls a second for each bot token, all processes together',
    note: 'Telegram allows about 30; the bot itself needs some of them.',
  },
  {
    name: 'TELEGRAM_TIMEOUT',
    field: 'timeoutMs',
    format: duration(second, 10 * minute),
    default: '20s',
    meaning: 'how long one call may take',
    note: 'A send without an answer in that time is not repeated.',
  },
  {
    name: 'NOTICE',
    field: 'notice',
    format: oneOf('send', 'edit', 'none'),
    default: 'send',
    group: 'Notices (delete-due)',
    meaning: 'send: a new message; edit: the last message of the record is kept and edited into the notice; none',
  },
  {
    name: 'NOTICE_TEXT',
    field: 'noticeText',
    format: plainText(4096),
    default:
      'The files that you received here were deleted. To get them again, press the button below or open the same link once more.',
    meaning: 'what the notice says',
  },
  {
    name: 'NOTICE_BUTTON',
    field: 'noticeButton',
    format: plainText(64),
    default: '♻️ Click Here',
    meaning: "the notice's button, which opens https://t.me/<bot>?start=<unique_id>",
  },
  {
    name: 'GUIDE_CHAT_IDS',
    field: 'guideChatIds',
    format: chatIds,
    example: '[-1001234567890,"@channel"]',
    group: 'Guides (post-guide)',
    meaning: 'the channels that get guides, as a JSON array or separated by commas',
  },
  {
    name: 'GUIDE_INTERVAL',
    field: 'guideIntervalMs',
    format: duration(minute, 24 * 60 * minute),
    default: '4h',
    meaning: 'how long a slot is; slots are counted from midnight',
    note: 'Each channel gets at most one guide in a slot. Midnight is that of TIMEZONE, as cron counts.',
  },
  {
    name: 'TIMEZONE',
    field: 'timeZone',
    format: timeZone,
    default: 'UTC',
    example: 'Europe/Berlin',
    group: 'Time',
    meaning: 'for "today", midnight and slots',
  },
  {
    name: 'METRICS_TEXTFILE_DIR',
    field: 'metricsDir',
    format: absolutePath,
    example: '/var/lib/node_exporter/textfile',
    group: 'Records and reports',
    meaning: "the directory of node_exporter's textfile collector",
  },
  {
    name: 'PUSHGATEWAY_URL',
    field: 'pushgatewayUrl',
    format: pushgateway,
    example: 'http://pushgateway.example:9091',
    meaning: 'a Prometheus Pushgateway',
  },
  {
    name: 'PING_URL',
    field: 'pingUrl',
    format: pingAddress,
    example: 'https://hc-ping.com/your-ping-key/{job}',
    meaning: 'a healthchecks-style address, {job} and {name} replaced: /start, then the exit code, with a run id',
  },
  { name: 'RUN_HISTORY_DAYS', field: 'runHistoryDays', format: days, default: '30', meaning: 'how long runs are kept' },
  { name: 'FAILED_DAYS', field: 'failedDays', format: days, default: '30', meaning: 'how long failed items are kept' },
  {
    name: 'STATS_DAYS',
    field: 'statsDays',
    format: days,
    default: '730',
    meaning: 'how long the figures of each day are kept',
  },
  {
    name: 'ALERT_CHAT_ID',
    field: 'alertChatId',
    format: oneChat,
    example: '-1001234567890',
    group: 'Alerts (doctor --alert)',
    meaning: 'the chat that is told what is not well',
  },
  {
    name: 'ALERT_THREAD_ID',
    field: 'alertThreadId',
    format: threadId,
    example: '42',
    meaning: 'the topic of that chat; where it is gone, the chat itself is told',
  },
  {
    name: 'ALERT_BOT_TOKEN',
    field: 'alertBotToken',
    format: botToken,
    example: '123456789:AAH-alerts',
    meaning: 'the bot that tells it; without it, TELEGRAM_BOT_TOKEN',
    standIn: 'TELEGRAM_BOT_TOKEN',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    field: 'alertWebhookUrl',
    format: webhook,
    example: 'https://hooks.example/services/your-key',
    meaning: 'an address that is told as well, by a POST of JSON with `text`',
    note: 'Receivers in the manner of Slack take it as it is; it works where Telegram is what fails.',
  },
  {
    name: 'ALERT_AFTER',
    field: 'alertAfter',
    format: sightings,
    default: '2',
    meaning: 'how many times in a row doctor --alert must see a thing before it tells of it',
  },
  {
    name: 'ALERT_REPEAT',
    field: 'alertRepeatMs',
    format: duration(minute, 365 * 24 * 60 * minute),
    default: '24h',
    meaning: 'how long after an alert it is repeated, where things are still not well',
  },
  {
    name: 'STATS_CHAT_ID',
    field: 'statsChatId',
    format: oneChat,
    example: '-1001234567890',
    group: 'Statistics (stats --send)',
    meaning: 'the chat that gets the report of each week',
    note: 'Where it is set, telesweep schedule prints what sends it, on Mondays at 09:00.',
  },
  {
    name: 'STATS_THREAD_ID',
    field: 'statsThreadId',
    format: threadId,
    example: '42',
    meaning: 'the topic of that chat; where it is gone, the chat itself gets the report',
  },
] as const satisfies readonly SettingInfo[];

export const settingsTable: readonly SettingInfo[] = table;

type Entry = (typeof table)[number];
type Value<E> = E extends { format: Format<infer T> } ? (E extends { default: string } ? T : T | null) : never;

/** What stands in the settings, by field. */
export type SettingValues = { [E in Entry as E['field']]: Value<E> };

/** @throws Error where the table has no such setting */
export function settingInfo(name: string): SettingInfo {
  const info = settingsTable.find((setting) => setting.name === name);
  if (info === undefined) throw new Error(`${name} is not in the table of settings`);
  return info;
}

/** Never printed, and can be given as `<name>_FILE` as well. */
export function isSecret({ format }: Pick<SettingInfo, 'format'>): boolean {
  return format.secretsOf !== undefined;
}

/** Completes "expected …" where the whole value is wrong or missing. */
export function expectedOf({ format, example }: SettingInfo): string {
  return `${format.expected}${example === undefined ? '' : `, such as ${example}`}`;
}

/** Every name under which a value is looked for: the settings, and the `_FILE` form of the secret ones. */
export const knownNames: readonly string[] = settingsTable.flatMap((setting) =>
  isSecret(setting) ? [setting.name, `${setting.name}_FILE`] : [setting.name],
);
