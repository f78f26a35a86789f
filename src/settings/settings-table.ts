/** Every setting, in the order of the documentation. The README, `.env.example` and the reader are held to this list. */

export interface SettingInfo {
  name: string;
  /** As it would be written; null where there is none. */
  default: string | null;
  meaning: string;
  /** Never printed, and can be given as `<name>_FILE` as well. */
  secret: boolean;
  /** A value may hold spaces, `#` and all else. */
  anyText?: true;
}

export const settingsTable = [
  {
    name: 'DATABASE_URL',
    default: null,
    meaning: 'PostgreSQL; without it, the PG* variables of libpq',
    secret: true,
  },
  {
    name: 'TELEGRAM_BOT_TOKEN',
    default: null,
    meaning: 'the bot whose messages are deleted; only the jobs that call Telegram ask for it',
    secret: true,
  },
  {
    name: 'GUIDE_BOT_TOKEN',
    default: null,
    meaning: 'the bot that posts guides; without it, TELEGRAM_BOT_TOKEN',
    secret: true,
  },
  {
    name: 'TELEGRAM_API_ROOT',
    default: 'https://api.telegram.org',
    meaning: 'a local Bot API server, or a test one',
    secret: false,
  },
  {
    name: 'TELEGRAM_PROXY',
    default: null,
    meaning: 'an http, https or socks5 proxy on the way to Telegram',
    secret: true,
  },
  {
    name: 'TELEGRAM_RATE',
    default: '25',
    meaning: 'calls a second for each bot token, all processes together',
    secret: false,
  },
  { name: 'TELEGRAM_TIMEOUT', default: '20s', meaning: 'how long one call may take', secret: false },
  {
    name: 'NOTICE',
    default: 'send',
    meaning: 'send: a new message; edit: the last message of the record is kept and edited into the notice; none',
    secret: false,
  },
  {
    name: 'NOTICE_TEXT',
    default:
      'The files that you received here were deleted. To get them again, press the button below or open the same link once more.',
    meaning: 'what the notice says',
    secret: false,
    anyText: true,
  },
  {
    name: 'NOTICE_BUTTON',
    default: '♻️ Click Here',
    meaning: "the notice's button, which opens https://t.me/<bot>?start=<unique_id>",
    secret: false,
    anyText: true,
  },
  {
    name: 'GUIDE_CHAT_IDS',
    default: null,
    meaning: 'the channels that get guides, as a JSON array or separated by commas',
    secret: false,
  },
  {
    name: 'GUIDE_INTERVAL',
    default: '4h',
    meaning: 'how long a slot is; slots are counted from midnight',
    secret: false,
  },
  { name: 'TIMEZONE', default: 'UTC', meaning: 'for "today", midnight and slots', secret: false },
  {
    name: 'METRICS_TEXTFILE_DIR',
    default: null,
    meaning: "the directory of node_exporter's textfile collector",
    secret: false,
    anyText: true,
  },
  { name: 'PUSHGATEWAY_URL', default: null, meaning: 'a Prometheus Pushgateway', secret: true },
  {
    name: 'PING_URL',
    default: null,
    meaning: 'a healthchecks-style address, {job} replaced: /start, then the exit code, with a run id',
    secret: true,
  },
  { name: 'RUN_HISTORY_DAYS', default: '30', meaning: 'how long runs are kept', secret: false },
  { name: 'FAILED_DAYS', default: '30', meaning: 'how long failed items are kept', secret: false },
] as const satisfies readonly SettingInfo[];

export type SettingName = (typeof settingsTable)[number]['name'];

export function settingInfo(name: SettingName): SettingInfo {
  const info = settingsTable.find((setting) => setting.name === name);
  if (info === undefined) throw new Error(`${name} is not in the table of settings`);
  return info;
}

export function isSettingName(name: string): name is SettingName {
  return settingsTable.some((setting) => setting.name === name);
}

/** Every name under which a value is looked for: the settings, and the `_FILE` form of the secret ones. */
export const knownNames: readonly string[] = settingsTable.flatMap((setting) =>
  setting.secret ? [setting.name, `${setting.name}_FILE`] : [setting.name],
);
