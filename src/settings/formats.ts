/** The plain kinds of values. A format trims nothing: the reader hands it the text without white space round it. */
import { formatDuration, parseDuration } from './duration.ts';
import { type Format, wrong } from './format.ts';
import { secretsOfToken } from './secrets.ts';

export const botToken: Format<string> = {
  expected: 'a bot token as @BotFather gives it (123456789:AAH…)',
  secretsOf: secretsOfToken,
  // The bot's id before the colon is a bigint in the database; real ones have 10 digits and may grow to 16.
  parse: (text) => (/^\d{1,18}:[A-Za-z0-9_-]{3,}$/.test(text) ? text : wrong(text, 'is not a bot token')),
};

/** The bot's id, which a token begins with. */
export function botIdOf(token: string): string {
  return token.slice(0, token.indexOf(':'));
}

export const rate: Format<number> = {
  expected: 'calls a second: a number from 0.1 to 100000',
  parse(text) {
    if (!/^\d{1,20}(\.\d{1,20})?$/.test(text)) return wrong(text, 'is not a number');
    const value = Number(text);
    // Less would leave a due message for hours, and one batch is a call.
    if (value < 0.1) return wrong(text, 'is too small');
    return value > 100_000 ? wrong(text, 'is too large') : value;
  },
};

/** A whole number between two bounds. @param of what it counts: ` of days` */
function wholeNumber(least: number, most: number, of = ''): Format<number> {
  return {
    expected: `a whole number${of} from ${least} to ${most}`,
    parse(text) {
      if (!/^\d{1,20}$/.test(text)) return wrong(text, 'is not a whole number');
      const value = Number(text);
      if (value < least) return wrong(text, 'is too small');
      return value > most ? wrong(text, 'is too large') : value;
    },
  };
}

export const days = wholeNumber(1, 3650, ' of days');

export const sightings = wholeNumber(1, 1000, ' of sightings');

/** The id of a topic is that of the message which began it: 31 bits (core.telegram.org/bots/api#sendmessage). */
export const threadId = wholeNumber(1, 2 ** 31 - 1);

/** A length of time between two bounds, all in milliseconds. */
export function duration(leastMs: number, mostMs: number): Format<number> {
  return {
    expected: `a duration from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}, such as 500ms, 20s, 55m or 1h30m`,
    parse(text) {
      const ms = parseDuration(text);
      if (ms === null) return wrong(text, 'is not a duration');
      if (ms < leastMs) return wrong(text, 'is too short');
      return ms > mostMs ? wrong(text, 'is too long') : ms;
    },
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Format<T> {
  return {
    expected: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    parse: (text) => choices.find((choice) => choice === text) ?? wrong(text, 'is none of the choices'),
  };
}

/** A text for Telegram, its length counted in UTF-16 units as Telegram does. */
export function plainText(most: number): Format<string> {
  return {
    expected: `a text of 1 to ${most} characters`,
    anyText: true,
    parse: (text) => (text.length > most ? wrong(text, `is too long (${text.length} characters)`) : text),
  };
}

/** It goes into names of files, units, timers and CronJobs as it is. */
export const botName: Format<string> = {
  expected: 'a name of up to 40 letters, digits and . _ -, with a letter or digit first',
  parse: (text) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(text) ? text : wrong(text, 'is not a name for a bot')),
};

/** Written as PostgreSQL keeps it, capitals and all. Its names have 63 bytes, and those with `pg_` are its own. */
export const schemaName: Format<string> = {
  expected: "the name of the schema that holds the bot's tables, as \\dn in psql shows it",
  parse(text) {
    if (/["'\\\p{C}]/u.test(text)) return wrong(text, 'has quotes, backslashes or control characters');
    if (Buffer.byteLength(text) > 63) return wrong(text, 'is longer than PostgreSQL takes (63 bytes)');
    if (text === 'telesweep') return wrong(text, "is telesweep's own schema");
    return /^pg_|^information_schema$/.test(text) ? wrong(text, 'is a schema of PostgreSQL itself') : text;
  },
};

export const absolutePath: Format<string> = {
  expected: 'the absolute path of a directory',
  anyText: true,
  parse: (text) => (text.startsWith('/') ? text : wrong(text, 'is not an absolute path')),
};
