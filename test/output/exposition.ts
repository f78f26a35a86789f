/** Reads Prometheus's text format, version 0.0.4, as strictly as promtool does, and returns the samples. Throws on a fault. */
export function readExposition(text: string): Map<string, number> {
  if (!text.endsWith('\n')) throw new Error('the last line has no newline');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const closed = new Set<string>();
  const samples = new Map<string, number>();
  let current = '';
  const enter = (told: string) => {
    const name =
      types.get(told.replace(/_(bucket|sum|count)$/, '')) === 'histogram' ? told.replace(/_[a-z]+$/, '') : told;
    if (name === current) return;
    if (closed.has(name)) throw new Error(`${name} stands in two places`);
    if (current !== '') closed.add(current);
    current = name;
  };
  for (const line of text.split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) \S.*$/.exec(line)?.[1];
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="[^"\\\n]*",?)*\})? (\S+)$/.exec(line);
    if (line === '' || line.startsWith('# The database as telesweep read it at ')) continue;
    if (help !== undefined) {
      enter(help);
      if (helps.has(help)) throw new Error(`${help} has two HELP lines`);
      helps.add(help);
    } else if (type) {
      enter(type[1] ?? '');
      if (types.has(current)) throw new Error(`${current} has two TYPE lines`);
      types.set(current, type[2] ?? '');
      if ((type[2] === 'counter') !== current.endsWith('_total')) throw new Error(`_total is for counters: ${current}`);
    } else if (sample) {
      const [, name = '', labels = '', value = ''] = sample;
      enter(name);
      if (!types.has(current) || !helps.has(current)) throw new Error(`${name} lacks TYPE or HELP before its samples`);
      if (/[{,]job="/.test(labels)) throw new Error(`Prometheus overwrites the label job: ${line}`);
      if (samples.has(name + labels)) throw new Error(`twice: ${line}`);
      if (!Number.isFinite(Number(value))) throw new Error(`not a number: ${line}`);
      samples.set(name + labels, Number(value));
    } else throw new Error(`not a line of the format: ${JSON.stringify(line)}`);
  }
  for (const name of types.keys()) {
    if (![...samples.keys()].some((key) => key.startsWith(name))) throw new Error(`${name} has no sample`);
  }
  return samples;
}
