/**
 * Durations as people write them: `55m`, `20s`, `1h30m`, `500ms`, `2d`. By hand: ms reads one unit alone, and parse-duration
 * passes over what it does not know.
 */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const pattern = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Milliseconds; null where the text is not a duration. The units are `d h m s ms`, each once at most, in this order. */
export function parseDuration(text: string): number | null {
  const match = pattern.exec(text);
  if (text === '' || match === null) return null;
  const ms = units.reduce((sum, [, size], index) => sum + Number(match[index + 1] ?? 0) * size, 0);
  return Number.isSafeInteger(ms) ? ms : null;
}

/** `5400000` as `1h30m`; parts of a millisecond are rounded away. What comes out, `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = '';
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}
