import { parseEnvFile, readTextFile } from './env-file.ts';
import type { Problem } from './problem.ts';
import { type SettingName, settingInfo } from './settings-table.ts';
import { unknownInEnvFile, unknownInEnvironment } from './unknown-names.ts';

/** Where values come from: the environment over the env file, and for secrets the files that they name. */
export interface Sources {
  /** The environment over the env file. */
  values: Readonly<Record<string, string | undefined>>;
  /** What is wrong with the env file itself. */
  fileProblems: Problem[];
  /** Names that are no settings. */
  nameProblems: Problem[];
  /** False where the env file could not be read: then nothing can be called missing. */
  complete: boolean;
}

export function openSources(env: Readonly<Record<string, string | undefined>>, envFile: string | null): Sources {
  const fileProblems: Problem[] = [];
  let fileValues: Record<string, string> = {};
  let complete = true;
  if (envFile !== null) {
    const file = readTextFile(envFile);
    if ('reason' in file) {
      fileProblems.push({ name: '--env-file', value: envFile, text: `cannot be read: ${file.reason}` });
      complete = false;
    } else {
      const { values, complaints } = parseEnvFile(file.text);
      fileValues = values;
      for (const text of complaints)
        fileProblems.push({ name: '--env-file', value: envFile, text: `is malformed: ${text}` });
    }
  }
  const values: Record<string, string | undefined> = { ...fileValues };
  for (const [name, value] of Object.entries(env)) if (value !== undefined) values[name] = value;
  const nameProblems = [...unknownInEnvFile(Object.keys(fileValues)), ...unknownInEnvironment(env, values)];
  return { values, fileProblems, nameProblems, complete };
}

/**
 * The text of one setting without white space round it; null where it is not given.
 * @param expected completes "expected …"
 */
export function textOf(sources: Sources, name: SettingName, expected: string): string | null | Problem {
  const fileName = `${name}_FILE`;
  const direct = sources.values[name];
  const path = settingInfo(name).secret ? sources.values[fileName] : undefined;
  if (direct !== undefined && path !== undefined) {
    return { name, value: null, text: `is given both as ${name} and as ${fileName}; expected one of them` };
  }
  if (path !== undefined) return contentOf(path, fileName, expected);
  if (direct === undefined) return null;
  const text = direct.trim();
  return text === '' ? { name, value: null, text: `is empty; expected ${expected}` } : text;
}

function contentOf(path: string, name: string, expected: string): string | Problem {
  if (path.trim() === '') return { name, value: null, text: 'is empty; expected the path of a file' };
  // Whoever puts the secret where its path belongs must not find it in the log.
  if (path.includes('://') || /^\d+:/.test(path)) {
    return { name, value: null, text: 'holds what looks like the secret itself (hidden); expected the path of a file' };
  }
  const file = readTextFile(path);
  if ('reason' in file) return { name, value: path, text: `cannot be read: ${file.reason}` };
  const text = file.text.trim();
  return text === '' ? { name, value: path, text: `is an empty file; expected ${expected}` } : text;
}
