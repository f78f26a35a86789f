import { distance } from 'fastest-levenshtein';

/** The first of the nearest names that is at most `most` edits away; null where all are further. Two letters swapped are one edit. */
export function nearest(
  name: string,
  names: readonly string[],
  { most, fold = (text) => text }: { most: number; fold?: (text: string) => string },
): string | null {
  let best: string | null = null;
  let bound = most;
  for (const candidate of names) {
    if (bound < 0 || Math.abs(candidate.length - name.length) > bound) continue;
    const edits = editsBetween(fold(name), fold(candidate));
    if (edits <= bound) [best, bound] = [candidate, edits - 1];
  }
  return best;
}

function editsBetween(a: string, b: string): number {
  const edits = distance(a, b);
  return edits === 2 && a.length === b.length && sorted(a) === sorted(b) ? 1 : edits;
}

function sorted(text: string): string {
  return [...text].sort().join('');
}
