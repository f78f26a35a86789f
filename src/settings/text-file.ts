import { readFileSync, statSync } from 'node:fs';
import { codeOf } from '../process/errors.ts';

/** The text of a file in UTF-8, or in UTF-16 with a byte order mark; or in plain words why it cannot be read. */
export function readTextFile(path: string): { text: string } | { reason: string } {
  try {
    return decode(readFileSync(path));
  } catch (error) {
    return { reason: whyUnread(error) };
  }
}

/** In plain words why a file or a directory cannot be read. */
export function whyUnread(error: unknown): string {
  const code = codeOf(error) || 'unknown error';
  return reasons[code] ?? code;
}

/** As `readTextFile`, of a file beside others: a pipe that nobody writes to would be waited for, and signals with it, at the cost of all. */
export function readPlainFile(path: string): ReturnType<typeof readTextFile> {
  return isPipe(path) ? { reason: 'it is a pipe; expected a file' } : readTextFile(path);
}

function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** Strict: a byte that is no text would else come out as another character, in a password or a guide. */
function decode(bytes: Buffer): { text: string } | { reason: string } {
  const encoding = encodingOf(bytes);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? { reason: 'it holds NUL characters; save it as UTF-8 text' } : { text };
  } catch {
    return { reason: `it is not ${encoding.toUpperCase()}; save it as UTF-8` };
  }
}

function encodingOf([first, second]: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}
