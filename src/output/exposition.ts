/**
 * Prometheus's text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Not prom-client's: it counts and
 * observes by itself, and cannot be given a histogram that stands in a database.
 */

export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  samples: Sample[];
}

export interface Sample {
  /** Of a histogram: `_bucket`, `_sum`, `_count`. */
  suffix?: string;
  /** One with an empty value is left out. */
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** The families that have a sample, in their order. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ suffix = '', labels, value }) => `${name}${suffix}${labelsText(labels)} ${value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

/** Several expositions as one: each family once, its samples together, as Prometheus wants them. */
export function joinedExpositions(texts: readonly string[]): string {
  const families = new Map<string, string>();
  for (const [, head = '', samples = ''] of texts
    .join('')
    .matchAll(/^((?:# HELP .*\n# TYPE .*\n))((?:[^#\n].*\n)*)/gm)) {
    families.set(head, (families.get(head) ?? '') + samples);
  }
  return [...families].map(([head, samples]) => head + samples).join('');
}

function labelsText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== '');
  return pairs.length === 0 ? '' : `{${pairs.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
