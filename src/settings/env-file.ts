import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The text of a file, or in plain words why it cannot be read. */
export function readTextFile(path: string): { text: string } | { reason: string } {
  try {
    return { text: readFileSync(path, 'utf8').replace(/^\uFEFF/, '') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { reason: reasons[code] ?? code };
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** The values of an env file, and what is wrong with its lines. `parseEnv` would pass over such a line or spoil the next. */
export function parseEnvFile(text: string): { values: Record<string, string>; complaints: string[] } {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const complaints: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    const value = /^\s*(?:export\s+)?[A-Za-z_]\w*[ \t]*=[ \t]*(.*)$/.exec(line)?.[1];
    if (value === undefined) {
      complaints.push(`line ${index + 1} is not NAME=value`);
      lines[index] = '';
      continue;
    }
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote === undefined || value.includes(quote, 1)) continue;
    const last = lines.findIndex((later, at) => at > index && later.includes(quote));
    if (last === -1) {
      complaints.push(`line ${index + 1} opens a quote that nothing closes`);
      lines[index] = '';
    } else {
      index = last;
    }
  }
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(lines.join('\n')))) if (value !== undefined) values[name] = value;
  return { values, complaints };
}
