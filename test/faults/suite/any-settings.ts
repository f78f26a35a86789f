/** Arbitrary values in every setting: a pass ends with a code that says what it is, without a stack trace. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { main } from '../../../src/cli/main.ts';
import { isSecret, settingsTable } from '../../../src/settings/settings-table.ts';
import { nothingFound } from './findings.ts';
import type { Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** Done, given up, usage, unreachable, cool-down, refused, settings; and never 70. */
const honestCodes = [0, 1, 64, 69, 75, 77, 78];

/** A setting may lead anywhere on this machine, and nowhere beyond it. */
const anyAddress = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('http', 'https', 'socks5', 'postgres', 'postgresql', 'ftp', 'file'),
      fc.constantFrom('127.0.0.1:9', '127.0.0.1', '[::1]:9', 'localhost:9', 'nowhere.invalid', '127.0.0.1:99999', ''),
      fc.constantFrom(
        '',
        '/',
        '/x?y=z',
        '/{job}',
        '/%',
        '#',
        '/a b',
        '?sslmode=require',
        '?sslmode=no',
        '?host=/nowhere',
      ),
      fc.constantFrom('', 'user@', 'user:word@', ':@', 'u:%zz@', 'u:p@ss@'),
    )
    .map(([scheme, host, path, user]) => `${scheme}://${user}${host}${path}`),
  fc.string().filter((text) => !text.includes('.')),
);

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('', ' ', '\n', '0', '-1', 'null', '[]', '{}', '"', '*', 'true', '١٢٣', 'x'.repeat(5000)),
);

const anyNumber = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '0.0000001',
    '1e3',
    '1e400',
    'NaN',
    'Infinity',
    '100000',
    '100001',
    '٣',
    '0x10',
    '1_000',
  ),
  fc.integer().map(String),
  fc.double().map(String),
);

const anyDuration = fc
  .tuple(anyNumber, fc.constantFrom('', 'ms', 's', 'm', 'h', 'd', 'parsecs', ' s', 'm1s'))
  .map(([n, unit]) => `${n}${unit}`);

const anyChats = fc.oneof(
  fc.json(),
  fc.array(fc.oneof(fc.bigInt().map(String), fc.constantFrom('@channel', '@x', '0', '-100', '"@a"', ''))).map(String),
  fc.array(fc.oneof(fc.maxSafeInteger(), fc.constantFrom('@channel_name'))).map((ids) => JSON.stringify(ids)),
);

const anyZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'utc',
  'CET',
  '+02',
  'UTC+25',
  'Mars/Base',
  '../etc',
  'posixrules',
  'UTC;',
);

const anyPath = fc.constantFrom(
  '/nowhere',
  '/proc',
  '/dev/null',
  '/etc',
  '/',
  'relative',
  '/etc/hostname',
  '/proc/self/mem',
);

const plausible: Readonly<Record<string, fc.Arbitrary<string>>> = {
  DATABASE_URL: anyAddress,
  TELEGRAM_BOT_TOKEN: fc.constantFrom('1:abc', '123456789:AA', '0:___', '99999999999999999999:abc', ':', '1:'),
  GUIDE_BOT_TOKEN: fc.constantFrom('1:abc', 'x', '99999999999999999999:abc'),
  TELEGRAM_API_ROOT: anyAddress,
  TELEGRAM_PROXY: anyAddress,
  TELEGRAM_RATE: anyNumber,
  TELEGRAM_TIMEOUT: anyDuration,
  NOTICE: fc.constantFrom('send', 'edit', 'none', 'SEND'),
  GUIDE_CHAT_IDS: anyChats,
  GUIDE_INTERVAL: anyDuration,
  TIMEZONE: anyZone,
  METRICS_TEXTFILE_DIR: anyPath,
  PUSHGATEWAY_URL: anyAddress,
  PING_URL: anyAddress,
  RUN_HISTORY_DAYS: anyNumber,
  FAILED_DAYS: anyNumber,
  ALERT_CHAT_ID: anyChats,
  ALERT_THREAD_ID: anyNumber,
  ALERT_BOT_TOKEN: fc.constantFrom('1:abc', 'x', '99999999999999999999:abc'),
  ALERT_WEBHOOK_URL: anyAddress,
  ALERT_AFTER: anyNumber,
  ALERT_REPEAT: anyDuration,
};

/** One to three settings at once, each with what might be meant or with anything; secrets also as files. */
const anySettings = fc
  .uniqueArray(
    fc.constantFrom(...settingsTable).chain((setting) => {
      const { name } = setting;
      const values = plausible[name];
      const value = values === undefined ? anyText : fc.oneof({ weight: 3, arbitrary: values }, anyText);
      const asValue = value.map((text) => [name, text] as const);
      return isSecret(setting)
        ? fc.oneof(
            { weight: 4, arbitrary: asValue },
            anyPath.map((path) => [`${name}_FILE`, path] as const),
          )
        : asValue;
    }),
    { minLength: 1, maxLength: 3, selector: ([name]) => name },
  )
  // An environment holds no NUL.
  .map((pairs) => Object.fromEntries(pairs.map(([name, text]) => [name, text.replaceAll('\0', '')])));

/** @param runs how many arbitrary environments; @param seed repeats the same ones */
export function anySettingsTrial(load: Load, runs: number, seed: number): Trial {
  return {
    part: 'operators',
    what: 'arbitrary values in every setting',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      const property = fc.asyncProperty(anySettings, async (settings) => {
        found.times++;
        await playSettings(stage, load, settings);
      });
      const result = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
      if (result.failed) found.wrong.push(describe(result));
      return found;
    },
  };
}

function describe({ counterexample, errorInstance }: fc.RunDetails<[Record<string, string>]>): string {
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${JSON.stringify(counterexample)}: ${why}`.slice(0, 1500);
}

async function playSettings(stage: Stage, load: Load, settings: Record<string, string>): Promise<void> {
  const laid = await stage.layOut(load, { items: 1 });
  const env = { ...stage.scene.env, ...laid.env };
  // A secret given twice is an error of its own, which other tests look at.
  for (const name of Object.keys(settings)) delete env[name.replace(/_FILE$/, '')];
  const output = await runInProcess([load.job, '--max-runtime', '400ms'], { ...env, ...settings });
  stage.scene.note(`a pass with ${Object.keys(settings)}`, output.text);
  check(output);
}

interface Output {
  code: number;
  text: string;
}

/** As `bin/` runs it, without a process: a hundred environments a second. */
async function runInProcess(argv: readonly string[], env: Record<string, string>): Promise<Output> {
  let text = '';
  const stream = {
    write: (chunk: string) => {
      text += chunk;
    },
    on: () => undefined,
  };
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => {
    unhandled.push(error);
  };
  process.on('unhandledRejection', onUnhandled);
  try {
    const signal = new AbortController().signal;
    const code = await main({ argv, env, stdout: stream, stderr: stream, stdin: Readable.from([]), signal });
    await new Promise((resolve) => setImmediate(resolve));
    if (unhandled.length > 0) throw new Error(`an unhandled rejection: ${unhandled[0]}`);
    return { code, text };
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}

function check({ code, text }: Output): void {
  if (!honestCodes.includes(code)) throw new Error(`ended with ${code}: ${lastLines(text)}`);
  if (/\n {4}at .+:\d+:\d+/.test(text)) throw new Error(`a stack trace: ${lastLines(text)}`);
  if (code !== 0 && text === '') throw new Error(`ended with ${code} without a word`);
}
