import { SettingsError } from './errors.ts';
import { apiRoot, pingAddress, proxy, pushgateway } from './settings/addresses.ts';
import { chatIds } from './settings/chat-ids.ts';
import { type DatabaseSettings, namesDatabase, readDatabase } from './settings/database.ts';
import { databaseUrl } from './settings/database-url.ts';
import { type Format, Wrong } from './settings/format.ts';
import { absolutePath, botToken, days, duration, oneOf, plainText, rate } from './settings/formats.ts';
import { describeProblem, type Problem } from './settings/problem.ts';
import { secretsOfAddress, secretsOfPing, secretsOfToken, worthHiding } from './settings/secrets.ts';
import { isSettingName, type SettingName, settingInfo } from './settings/settings-table.ts';
import { openSources, type Sources, textOf } from './settings/sources.ts';
import { timeZone } from './settings/time-zone.ts';

export type { DatabaseSettings } from './settings/database.ts';
export { type SettingInfo, settingsTable } from './settings/settings-table.ts';

export interface Settings {
  database: DatabaseSettings;
  /** Null where it is not given and was not asked for. */
  telegramBotToken: string | null;
  /** The other token where it is not given itself. */
  guideBotToken: string | null;
  /** Without a slash at its end. */
  apiRoot: string;
  proxy: string | null;
  ratePerSecond: number;
  timeoutMs: number;
  notice: 'send' | 'edit' | 'none';
  noticeText: string;
  noticeButton: string;
  guideChatIds: readonly string[];
  guideIntervalMs: number;
  timeZone: string;
  metricsDir: string | null;
  /** Without a slash at its end. */
  pushgatewayUrl: string | null;
  /** With `{job}` still in it; may have a query. */
  pingUrl: string | null;
  runHistoryDays: number;
  failedDays: number;
  /** Every string that must never be printed, for `redact`. */
  secrets: readonly string[];
}

export interface SettingsRequest {
  env: Readonly<Record<string, string | undefined>>;
  /** The path of `--env-file`. */
  envFile?: string | null;
  /** The settings without which the caller cannot go on. All others are checked as well, where they are given. */
  requires: readonly string[];
}

const second = 1_000;
const minute = 60_000;

/**
 * Reads and checks every setting.
 * @throws SettingsError that names all that is wrong at once, in the order of the table, and holds no secret
 */
export function readSettings(request: SettingsRequest): Settings {
  const { settings, problems } = checkSettings(request);
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/**
 * Reads what can be read, and tells what is wrong with the rest: a setting that is missing or malformed has its default
 * or none. For a caller that goes on all the same.
 */
export function checkSettings({ env, envFile = null, requires }: SettingsRequest): {
  settings: Settings;
  /** In the order of the table, without secrets. */
  problems: string[];
} {
  const sources = openSources(env, envFile);
  const reader = new Reader(sources, requires);

  // In the order of the table, so that the problems are as well.
  const database = readDatabaseSettings(reader, sources);
  const telegramBotToken = reader.secret('TELEGRAM_BOT_TOKEN', botToken, secretsOfToken);
  const guideBotToken = reader.secret('GUIDE_BOT_TOKEN', botToken, secretsOfToken, 'TELEGRAM_BOT_TOKEN');
  const settings: Omit<Settings, 'secrets'> = {
    database,
    telegramBotToken,
    guideBotToken: guideBotToken ?? telegramBotToken,
    apiRoot: reader.withDefault('TELEGRAM_API_ROOT', apiRoot),
    proxy: reader.secret('TELEGRAM_PROXY', proxy, secretsOfAddress),
    ratePerSecond: reader.withDefault('TELEGRAM_RATE', rate),
    timeoutMs: reader.withDefault('TELEGRAM_TIMEOUT', duration(second, 10 * minute)),
    notice: reader.withDefault('NOTICE', oneOf('send', 'edit', 'none')),
    noticeText: reader.withDefault('NOTICE_TEXT', plainText(4096)),
    noticeButton: reader.withDefault('NOTICE_BUTTON', plainText(64)),
    guideChatIds: reader.optional('GUIDE_CHAT_IDS', chatIds) ?? [],
    guideIntervalMs: reader.withDefault('GUIDE_INTERVAL', duration(minute, 24 * 60 * minute)),
    timeZone: reader.withDefault('TIMEZONE', timeZone),
    metricsDir: reader.optional('METRICS_TEXTFILE_DIR', absolutePath),
    pushgatewayUrl: reader.secret('PUSHGATEWAY_URL', pushgateway, secretsOfAddress),
    pingUrl: reader.secret('PING_URL', pingAddress, secretsOfPing),
    runHistoryDays: reader.withDefault('RUN_HISTORY_DAYS', days),
    failedDays: reader.withDefault('FAILED_DAYS', days),
  };

  const secrets = worthHiding(reader.secrets);
  const told = new Set(reader.problems.map(({ name }) => name));
  const names = sources.nameProblems.filter(({ name }) => !told.has(name));
  const problems = [...sources.fileProblems, ...reader.problems, ...names];
  return { settings: { ...settings, secrets }, problems: problems.map((problem) => describeProblem(problem, secrets)) };
}

function readDatabaseSettings(reader: Reader, sources: Sources): DatabaseSettings {
  const applicationName = 'telesweep';
  const alone = !reader.isGiven('DATABASE_URL') && namesDatabase(sources.values);
  const url = alone ? null : reader.secret('DATABASE_URL', databaseUrl, (text) => [text]);
  // A password that stands in a variable is a secret even where the URL makes no use of it.
  reader.secrets.push(sources.values.PGPASSWORD ?? '');
  if (url === null && !alone) return { applicationName };
  const { connectionString, secrets, problems } = readDatabase(url, sources.values);
  reader.secrets.push(...secrets);
  reader.problems.push(...problems);
  if (problems.length > 0) return { applicationName };
  const ignoredParameters = url?.ignoredParameters ?? [];
  return { connectionString, applicationName, ...(ignoredParameters.length > 0 && { ignoredParameters }) };
}

/** Reads one setting after another and collects what is wrong and what is secret. */
class Reader {
  readonly problems: Problem[] = [];
  readonly secrets: string[] = [];
  readonly #sources: Sources;
  readonly #requires: readonly SettingName[];

  constructor(sources: Sources, requires: readonly string[]) {
    this.#sources = sources;
    this.#requires = requires.map((name) => {
      if (!isSettingName(name)) throw new Error(`${name} is asked for, but is not in the table of settings`);
      return name;
    });
  }

  isGiven(name: SettingName): boolean {
    const { values } = this.#sources;
    return values[name] !== undefined || (settingInfo(name).secret && values[`${name}_FILE`] !== undefined);
  }

  /** The value, or null where it is not given or wrong. */
  optional<T>(name: SettingName, format: Format<T>): T | null {
    const text = this.#text(name, format.expected);
    return text === null ? null : this.#parse(name, format, text);
  }

  withDefault<T>(name: SettingName, format: Format<T>): T {
    const value = this.optional(name, format);
    if (value !== null) return value;
    const standard = format.parse(settingInfo(name).default ?? '');
    if (standard instanceof Wrong) throw new Error(`the default of ${name} is malformed`);
    return standard;
  }

  /**
   * @param secretsOf all that must be hidden of a well-formed value
   * @param standIn the setting that serves where this one is not given
   */
  secret<T>(
    name: SettingName,
    format: Format<T>,
    secretsOf: (text: string) => readonly string[],
    standIn: SettingName | null = null,
  ): T | null {
    const text = this.#text(name, format.expected, standIn);
    if (text === null) return null;
    const value = this.#parse(name, format, text);
    this.secrets.push(...(value === null ? [text] : secretsOf(text)));
    return value;
  }

  #parse<T>(name: SettingName, format: Format<T>, text: string): T | null {
    const value = format.parse(text);
    if (!(value instanceof Wrong)) return value;
    const hidden = settingInfo(name).secret;
    for (const complaint of value.complaints) {
      const expected = complaint.expected ?? format.expected;
      const subject = hidden ? 'the value (hidden) ' : '';
      this.problems.push({
        name,
        value: hidden ? null : complaint.value,
        text: `${subject}${complaint.text}; expected ${expected}`,
      });
    }
    return null;
  }

  #text(name: SettingName, expected: string, standIn: SettingName | null = null): string | null {
    const value = textOf(this.#sources, name, expected);
    if (typeof value === 'string') return value;
    if (value !== null) this.problems.push(value);
    else if (this.#isMissing(name, standIn)) this.problems.push(missing(name, expected, standIn));
    return null;
  }

  #isMissing(name: SettingName, standIn: SettingName | null): boolean {
    if (!this.#sources.complete || !this.#requires.includes(name)) return false;
    return standIn === null || !this.isGiven(standIn);
  }
}

function missing(name: SettingName, expected: string, standIn: SettingName | null): Problem {
  const places = ['in the environment', 'in --env-file'];
  if (settingInfo(name).secret) places.push(`as ${name}_FILE`);
  if (standIn !== null) places.push(`as ${standIn}`);
  if (name === 'DATABASE_URL') places.push('as PG* variables (PGHOST, PGUSER, PGPASSWORD, PGDATABASE)');
  const last = places.pop();
  const where = `${places.join(', ')} or ${last}`;
  return { name, value: null, text: `is missing; expected ${expected}, ${where}` };
}
