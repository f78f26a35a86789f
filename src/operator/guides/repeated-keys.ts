/** A key that an object of a JSON array has twice: `JSON.parse` would keep the last one alone. */
export interface RepeatedKey {
  /** Counted from 1. */
  entry: number;
  key: string;
}

/** @param text valid JSON: an array of objects */
export function repeatedKeys(text: string): RepeatedKey[] {
  const repeated: RepeatedKey[] = [];
  let keys = new Set<string>();
  let entry = 1;
  let depth = 0;
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[[\]{},]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (token === ',' && depth === 1) {
      entry++;
      keys = new Set();
    } else if (string !== undefined && colon !== undefined && depth === 2) {
      const key = String(JSON.parse(string));
      if (keys.has(key)) repeated.push({ entry, key });
      keys.add(key);
    }
  }
  return repeated;
}
