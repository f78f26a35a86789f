import { parseEnvFile } from './env-file.ts';
import type { Problem } from './problem.ts';
import { expectedOf, isSecret, type SettingInfo } from './settings-table.ts';
import { readTextFile } from './text-file.ts';
import { unknownInEnvFile, unknownInEnvironment } from './unknown-names.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where values come from: the environment over the env file, and for secrets the files that they name. */
export interface Sources {
  /** The environment over the env file, and that over what is common to all bots of a directory. An empty value counts as not given. */
  values: Variables;
  /** The environment alone. */
  environment: Variables;
  /** The env file alone. */
  file: Variables;
  /** What is wrong with the env file itself. */
  fileProblems: Problem[];
  /** Names that are no settings, or cannot be given in an env file. */
  nameProblems: Problem[];
  /** False where the env file could not be read, or not all of it: then nothing can be called missing. */
  complete: boolean;
}

export function openSources(
  env: Variables,
  envFile: string | null,
  common: Variables = {},
  readFile = readTextFile,
): Sources {
  const fileProblems: Problem[] = [];
  let fileValues: Variables = {};
  let complete = true;
  if (envFile !== null) {
    const read = readFile(envFile);
    if ('reason' in read) {
      fileProblems.push({ name: '--env-file', value: envFile, text: `cannot be read: ${read.reason}` });
      complete = false;
    } else {
      const { values, complaints } = parseEnvFile(read.text);
      fileValues = values;
      complete = complaints.length === 0;
      for (const text of complaints)
        fileProblems.push({ name: '--env-file', value: envFile, text: `is malformed: ${text}` });
    }
  }
  const environment = withoutEmpty(env);
  const file = withoutEmpty(fileValues);
  const values = { ...withoutTwins(withoutEmpty(common), file), ...file, ...environment };
  const nameProblems = [...unknownInEnvFile(fileValues, env), ...unknownInEnvironment(environment, values)];
  return { values, environment, file, fileProblems, nameProblems, complete };
}

/** What is common to all in one form gives way to the other form of it, `NAME` or `NAME_FILE`, in the bot's own file. */
function withoutTwins(common: Variables, file: Variables): Variables {
  const twinOf = (name: string): string => (name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`);
  return Object.fromEntries(Object.entries(common).filter(([name]) => file[twinOf(name)] === undefined));
}

function withoutEmpty(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && /\S/.test(value)));
}

/** The text of one setting without white space round it; null where it is not given. */
export function textOf(sources: Sources, setting: SettingInfo): string | null | Problem {
  const { name } = setting;
  const fileName = `${name}_FILE`;
  const direct = sources.values[name];
  const path = isSecret(setting) ? sources.values[fileName] : undefined;
  if (direct !== undefined && path !== undefined) {
    return { name, value: null, text: `is given both as ${name} and as ${fileName}; expected one of them` };
  }
  if (path !== undefined) return contentOf(path, fileName, expectedOf(setting));
  if (direct === undefined) return null;
  const text = direct.trim();
  const fault = sources.environment[name] === direct ? faultOfEnvironment(text) : null;
  return fault === null ? text : { name, value: null, text: fault };
}

/** What somebody else read from a file may have lost on the way, or brought too much. */
function faultOfEnvironment(text: string): string | null {
  if (text.includes('\uFFFD')) return 'has bytes that are not UTF-8; expected it in that encoding';
  return isQuoted(text) ? keptQuotes : null;
}

const keptQuotes =
  'stands in quotes, which a shell or --env-file takes off, but not docker --env-file; expected it without them';

function isQuoted(text: string): boolean {
  return /^(?:"[^"]*"|'[^']*')$/.test(text);
}

function contentOf(path: string, name: string, expected: string): string | Problem {
  // Whoever puts the secret where its path belongs must not find it in the log.
  if (path.includes('://') || /^\d+:/.test(path)) {
    return { name, value: null, text: 'holds what looks like the secret itself (hidden); expected the path of a file' };
  }
  const file = readTextFile(path);
  if ('reason' in file) return { name, value: path, text: `cannot be read: ${file.reason}` };
  const text = file.text.trim();
  return text === '' ? { name, value: path, text: `is an empty file; expected ${expected}` } : text;
}
