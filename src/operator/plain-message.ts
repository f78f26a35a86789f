/** In UTF-16 units (core.telegram.org/bots/api#sendmessage). */
export const longestMessage = 4096;

/** At most so many UTF-16 units, and never in the middle of a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
