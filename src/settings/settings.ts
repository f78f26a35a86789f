import { SettingsError } from '../process/errors.ts';
import { type DatabaseSettings, namesDatabase, readDatabase } from './database.ts';
import { type DatabaseParts, databaseUrl } from './database-url.ts';
import { Wrong } from './format.ts';
import { botName } from './formats.ts';
import { describeProblem, type Problem } from './problem.ts';
import { worthHiding } from './secrets.ts';
import {
  expectedOf,
  isSecret,
  type SettingInfo,
  type SettingValues,
  settingInfo,
  settingsTable,
} from './settings-table.ts';
import { openSources, type Sources, textOf } from './sources.ts';
import { readPlainFile } from './text-file.ts';

export type { DatabaseSettings } from './database.ts';

/** What the settings of a bot of a directory take beside its file. */
export type BotPlace = Required<Pick<SettingsRequest, 'name' | 'common' | 'problem'>>;

/** The values of the table by their fields, and what is made of several. */
export interface Settings extends Omit<SettingValues, 'databaseUrl' | 'guideChatIds'> {
  database: DatabaseSettings;
  guideChatIds: readonly string[];
  /** Every string that must never be printed, for `redact`. */
  secrets: readonly string[];
}

export interface SettingsRequest {
  env: Readonly<Record<string, string | undefined>>;
  /** The path of `--env-file`. */
  envFile?: string | null;
  /** For a bot of a directory: what its file makes it be called. The environment, where WSL sets NAME, names no bot then. */
  name?: string;
  /** Settings of all bots of the directory, which those of the bot's own file come before. */
  common?: Readonly<Record<string, string>>;
  /** What keeps its file from being a bot of the directory. Told with all else. */
  problem?: string | null;
  /** The settings without which the caller cannot go on. All others are checked as well, where they are given. */
  requires: readonly string[];
  /** Nothing else is looked at, whatever is wrong with it: the others have their defaults or none. */
  only?: readonly string[];
}

/**
 * Reads and checks every setting.
 * @throws SettingsError that names all that is wrong at once, in the order of the table, and holds no secret
 */
export function readSettings(request: SettingsRequest): Settings {
  const { settings, problems } = checkSettings(request);
  if (problems.length > 0) throw new SettingsError(problems, settings.name);
  return settings;
}

/**
 * Reads what can be read, and tells what is wrong with the rest: a setting that is missing or malformed has its default
 * or none. For a caller that goes on all the same.
 */
export function checkSettings(request: SettingsRequest): {
  settings: Settings;
  /** In the order of the table, without secrets. */
  problems: string[];
} {
  const { env, envFile = null, name, common = {}, problem = null, requires, only } = request;
  const sources =
    name === undefined
      ? openSources(env, envFile, common)
      : openSources({ ...env, NAME: undefined }, envFile, common, readPlainFile);
  const reader = new Reader(sources, requires);

  // The first of the table, so that the problems are in its order.
  const database = only === undefined ? readDatabaseSettings(reader, sources) : { applicationName };
  const others = settingsTable.filter(({ format }) => format !== databaseUrl);
  const fields = others.map((setting) => [
    setting.field,
    only?.includes(setting.name) === false ? defaultOf(setting) : reader.read(setting),
  ]);
  // Each has been read by its own format, which TypeScript cannot follow through a list.
  const values = Object.fromEntries(fields) as Omit<SettingValues, 'databaseUrl'>;
  const botsName = values.name ?? name ?? asName(values.schema);
  const mayHaveOne = !sources.complete || reader.problems.some(({ name }) => name === 'NAME' || name === 'SCHEMA');
  if (botsName === null && !mayHaveOne && values.pingUrl?.includes('{name}')) reader.complain(namelessPing);

  const secrets = worthHiding(reader.secrets);
  const read = new Set(reader.problems.map(({ name }) => name));
  const names = sources.nameProblems.filter(({ name }) => !read.has(name));
  const clashes = name === undefined ? [] : clashesOf(sources, envFile);
  const problems =
    only === undefined ? [...sources.fileProblems, ...clashes, ...reader.problems, ...names] : reader.problems;
  const told = problems.map((one) => describeProblem(one, secrets));
  return {
    settings: {
      ...values,
      database: { ...database, timeZone: values.timeZone, ...(values.schema !== null && { schema: values.schema }) },
      name: botsName,
      guideBotToken: values.guideBotToken ?? values.telegramBotToken,
      alertBotToken: values.alertBotToken ?? values.telegramBotToken,
      guideChatIds: values.guideChatIds ?? [],
      secrets,
    },
    problems: problem === null ? told : [problem, ...told],
  };
}

/** Each says which bot it is: in the environment, which comes before the files, it would make all bots of a directory one. */
const identities: readonly (readonly string[])[] = [
  ['DATABASE_URL', 'DATABASE_URL_FILE'],
  ...['PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGOPTIONS', 'SCHEMA'].map((name) => [name]),
  ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_BOT_TOKEN_FILE'],
  ['GUIDE_BOT_TOKEN', 'GUIDE_BOT_TOKEN_FILE'],
];

function clashesOf({ environment, file }: Sources, envFile: string | null): Problem[] {
  return identities.flatMap((names): Problem[] => {
    const ofAll = names.find((one) => environment[one] !== undefined);
    const own = names.find((one) => file[one] !== undefined);
    if (ofAll === undefined || own === undefined) return [];
    if (ofAll === own && environment[ofAll]?.trim() === file[own]?.trim()) return [];
    const text = `stands in the environment, for every bot, and as ${own} in ${envFile}; expected it in one of the two`;
    return [{ name: ofAll, value: null, text }];
  });
}

const applicationName = 'telesweep';

/** A schema may be called what no file and no address can hold; the bot has no name then. */
function asName(schema: string | null): string | null {
  return schema === null || botName.parse(schema) instanceof Wrong ? null : schema;
}

const namelessPing: Problem = {
  name: 'PING_URL',
  value: null,
  text: 'has {name} in it, and the bot has none; expected NAME, or an address without {name}',
};

function readDatabaseSettings(reader: Reader, sources: Sources): Omit<DatabaseSettings, 'timeZone'> {
  const setting: SettingInfo<DatabaseParts> = { ...settingInfo('DATABASE_URL'), format: databaseUrl };
  const alone = !isGiven(sources, setting) && namesDatabase(sources.values);
  const url = alone ? null : reader.read(setting);
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
  readonly #requires: readonly string[];

  constructor(sources: Sources, requires: readonly string[]) {
    this.#sources = sources;
    this.#requires = requires.map((name) => settingInfo(name).name);
  }

  /** The value, or where it is not given or wrong its default; null where it has none. */
  read<T>(setting: SettingInfo<T>): T | null {
    const text = this.#text(setting);
    const value = text === null ? null : this.#parse(setting, text);
    const { secretsOf } = setting.format;
    if (text !== null && secretsOf) this.secrets.push(...(value === null ? [text] : secretsOf(text)));
    return value ?? defaultOf(setting);
  }

  /** Of a setting that was read already. */
  complain(problem: Problem): void {
    const place = (name: string): number => settingsTable.findIndex((setting) => setting.name === name);
    const after = this.problems.findIndex(({ name }) => place(name) > place(problem.name));
    this.problems.splice(after === -1 ? this.problems.length : after, 0, problem);
  }

  #parse<T>(setting: SettingInfo<T>, text: string): T | null {
    const value = setting.format.parse(text);
    if (!(value instanceof Wrong)) return value;
    const hidden = isSecret(setting);
    for (const complaint of value.complaints) {
      const expected = complaint.expected ?? expectedOf(setting);
      const subject = hidden ? 'the value (hidden) ' : '';
      this.problems.push({
        name: setting.name,
        value: hidden ? null : complaint.value,
        text: `${subject}${complaint.text}; expected ${expected}`,
      });
    }
    return null;
  }

  #text(setting: SettingInfo): string | null {
    const value = textOf(this.#sources, setting);
    if (typeof value === 'string') return value;
    if (value !== null) this.problems.push(value);
    else if (this.#isMissing(setting)) this.problems.push(missing(setting));
    return null;
  }

  #isMissing({ name, standIn }: SettingInfo): boolean {
    if (!this.#sources.complete || !this.#requires.includes(name)) return false;
    return standIn === undefined || !isGiven(this.#sources, settingInfo(standIn));
  }
}

function isGiven({ values }: Sources, setting: SettingInfo): boolean {
  return values[setting.name] !== undefined || (isSecret(setting) && values[`${setting.name}_FILE`] !== undefined);
}

function defaultOf<T>({ name, format, default: text }: SettingInfo<T>): T | null {
  if (text === undefined) return null;
  const value = format.parse(text);
  if (value instanceof Wrong) throw new Error(`the default of ${name} is malformed`);
  return value;
}

function missing(setting: SettingInfo): Problem {
  const { name, format, standIn } = setting;
  const places = ['in the environment', 'in --env-file'];
  if (isSecret(setting)) places.push(`as ${name}_FILE`);
  if (standIn !== undefined) places.push(`as ${standIn}`);
  if (format === databaseUrl) places.push('as PG* variables (PGHOST, PGUSER, PGPASSWORD, PGDATABASE)');
  const last = places.pop();
  const where = `${places.join(', ')} or ${last}`;
  return { name, value: null, text: `is missing; expected ${expectedOf(setting)}, ${where}` };
}
