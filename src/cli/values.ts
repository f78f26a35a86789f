/** What flags take, read and checked. */
import { InvalidArgumentError } from 'commander';
import { parseShare, type Share } from '../pass/many/share.ts';
import { parseDuration } from '../settings/duration.ts';

/** Milliseconds of work. */
export function parseRuntime(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0) throw new InvalidArgumentError('expected a duration such as 55m, 90s or 1h30m.');
  return ms;
}

/** Milliseconds that something is old. */
export function parseAge(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 7d, 12h or 30m.');
  return ms;
}

const longestSinceMs = 3650 * 86_400_000;

/** Milliseconds, as far back as figures can be kept. */
export function parseSince(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms <= 0 || ms > longestSinceMs)
    throw new InvalidArgumentError('expected a duration such as 30d or 12h, up to 3650d.');
  return ms;
}

/** `09:00`, a time of any day. */
export function parseTimeOfDay(text: string): string {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(text))
    throw new InvalidArgumentError('expected a time of the day such as 09:00.');
  return text;
}

export function parseLimit(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1) {
    throw new InvalidArgumentError('expected a whole number from 1 on.');
  }
  return n;
}

/** `I/N`: this share of N, counted from 0. */
export function parseShareFlag(text: string): Share {
  const share = parseShare(text);
  if (share === null) throw new InvalidArgumentError('expected I/N, I from 0 to N - 1, such as 0/3.');
  return share;
}
