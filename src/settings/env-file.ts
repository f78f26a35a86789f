/**
 * Env files. What reads them besides telesweep (shells, systemd, docker, compose, the dotenv family) differs in what quotes,
 * backslashes, `#` and `$` mean. Taken is what has one meaning to whoever wrote it, and the whole of it; the rest is refused
 * with its line and the way to write it.
 */
import { readEnvValue } from './env-value.ts';

export interface EnvFile {
  values: Record<string, string>;
  /** What is wrong with lines, each with its number and without its value. */
  complaints: string[];
}

// `s`: a line goes on behind a line separator of Unicode.
const assignment = /^\s*(?:export\s+)?([A-Za-z_]\w*)[ \t]*=(.*)$/s;

/** Reads `NAME=value` lines; a value in quotes may go on over several. */
export function parseEnvFile(text: string): EnvFile {
  const lines = text.split(/\r\n?|\n/);
  const values: Record<string, string> = {};
  const complaints: string[] = [];
  const places = new Map<string, string>();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const place = `line ${index + 1}`;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, written] = assignment.exec(line) ?? [];
    if (name === undefined || written === undefined) {
      complaints.push(`${place} is not NAME=value`);
      continue;
    }
    const last = lastLineOf(written, lines, index);
    const swallowed = last === null ? undefined : lines.slice(index + 1, last + 1).find((later) => isSetting(later));
    if (last === null || swallowed !== undefined) {
      complaints.push(`${place} opens a quote that nothing closes${last === null ? '' : ' before the next setting'}`);
      continue;
    }
    const value = readEnvValue(name, [written, ...lines.slice(index + 1, last + 1)].join('\n'));
    const before = places.get(name);
    if (before !== undefined) complaints.push(`${place} gives ${name} again, after ${before}; take one out`);
    else if (typeof value === 'string') values[name] = value;
    else complaints.push(`${place}: ${name} ${value.complaint}`);
    places.set(name, before ?? place);
    index = last;
  }
  return { values, complaints };
}

/** The line on which the quote is closed that a value opens: its own where it opens none; null where nothing closes it. */
function lastLineOf(written: string, lines: readonly string[], index: number): number | null {
  const [, quote, rest = ''] = /^\s*(["'])(.*)$/s.exec(written) ?? [];
  if (quote === undefined) return index;
  // In single quotes a backslash stands for itself.
  const closing = quote === "'" ? /'/ : /^(?:[^"\\]|\\.)*"/s;
  if (closing.test(rest)) return index;
  const last = lines.findIndex((later, at) => at > index && closing.test(later));
  return last === -1 ? null : last;
}

function isSetting(line: string): boolean {
  return /^\s*(?:export\s+)?[A-Z_][A-Z0-9_]*=/.test(line);
}
