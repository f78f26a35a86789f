/**
 * How many letters must be added, dropped, changed or swapped with their neighbour to turn one text into the other.
 * Infinity where it is more than `most`; a pass compares every name in its environment, so most pairs must end early.
 */
export function editDistance(a: string, b: string, most: number): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = [];
    row[0] = i;
    let least = i;
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const changed = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, at(older, j - 2) + 1);
      row[j] = edits;
      least = Math.min(least, edits);
    }
    if (least > most) return Number.POSITIVE_INFINITY;
    older = previous;
    previous = row;
  }
  const edits = at(previous, b.length);
  return edits > most ? Number.POSITIVE_INFINITY : edits;
}

/** The first of the nearest names that is at most `most` edits away; null where all are further. */
export function nearest(
  name: string,
  names: readonly string[],
  { most, fold = (text) => text }: { most: number; fold?: (text: string) => string },
): string | null {
  let best: string | null = null;
  let bound = most;
  for (const candidate of names) {
    if (bound < 0 || Math.abs(candidate.length - name.length) > bound) continue;
    const edits = editDistance(fold(name), fold(candidate), bound);
    if (edits <= bound) [best, bound] = [candidate, edits - 1];
  }
  return best;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
