/**
 * An instant that goes into the text of a statement, where a parameter would hide a partial index's condition from the
 * planner. @throws Error for anything but ISO 8601 in UTC
 */
export function instant(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) throw new Error(`"${text}" is not an instant`);
  return text;
}

/**
 * A time as text that means the same in every session, whatever its DateStyle and zone: JSON has one way to write it. Infinity
 * is `infinity`.
 */
export const instantText = (column: string): string => `to_jsonb(${column}) #>> '{}'`;
