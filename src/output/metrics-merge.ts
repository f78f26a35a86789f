/** One metric: its comment lines, and its samples by name and labels. */
interface Family {
  comments: string[];
  counter: boolean;
  samples: Map<string, string>;
}

/**
 * The current text, with what only the previous one has: a metric that a pass does not know keeps its last value, as with a
 * POST to a Pushgateway. Counters never go back. Reads only what `renderMetrics` writes and skips any other line.
 */
export function mergeMetrics(previous: string, current: string): string {
  const families = readFamilies(current);
  for (const [name, old] of readFamilies(previous)) {
    const family = families.get(name);
    if (!family) {
      families.set(name, old);
    } else if (family.counter) {
      for (const [key, value] of old.samples) {
        const now = family.samples.get(key);
        if (now === undefined || Number(now) < Number(value)) family.samples.set(key, value);
      }
    }
  }
  return [...families.values()]
    .filter(({ samples }) => samples.size > 0)
    .map(({ comments, samples }) =>
      [...comments, ...[...samples].map(([key, value]) => `${key} ${value}`)].map((line) => `${line}\n`).join(''),
    )
    .join('\n');
}

function readFamilies(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const line of text.split('\n')) {
    const comment = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
    const sample = /^((\w+)\{[^}]*\}) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line);
    if (comment) {
      const family = familyOf(families, comment[2] ?? '');
      family.comments.push(line);
      if (comment[1] === 'TYPE') family.counter = comment[3] === 'counter';
    } else if (sample) {
      familyOf(families, sample[2] ?? '').samples.set(sample[1] ?? '', sample[3] ?? '');
    }
  }
  return families;
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const known = families.get(name);
  if (known) return known;
  const family: Family = { comments: [], counter: false, samples: new Map() };
  families.set(name, family);
  return family;
}
