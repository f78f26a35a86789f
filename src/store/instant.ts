/**
 * An instant that goes into the text of a statement, where a parameter would hide a partial index's condition from the
 * planner. @throws Error for anything but ISO 8601 in UTC
 */
export function instant(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) throw new Error(`"${text}" is not an instant`);
  return text;
}

/** A literal for the text of a statement. */
export const instantLiteral = (date: Date): string => `'${instant(date.toISOString())}'::timestamptz`;

/**
 * A time as text that means the same in every session, whatever its DateStyle and zone: JSON has one way to write it. Infinity
 * is `infinity`.
 */
export const instantText = (column: string): string => `to_jsonb(${column}) #>> '{}'`;

/** The last instant that a Date holds: what PostgreSQL calls infinity is further off than every other time. */
const lastMs = 8.64e15;

/**
 * Reads what `instantText` has written, whatever the session's style. @throws Error for anything else
 */
export function readInstant(text: string): Date {
  const ms = text === 'infinity' ? lastMs : text === '-infinity' ? -lastMs : Date.parse(text);
  if (Number.isNaN(ms)) throw new Error(`"${text}" is not an instant`);
  return new Date(ms);
}

export const readInstantOrNull = (text: string | null): Date | null => (text === null ? null : readInstant(text));
