import { libpqVariables } from './database-variables.ts';
import { nearest } from './nearest-name.ts';
import type { Problem } from './problem.ts';
import { knownNames } from './settings-table.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Variables that concern the shell or cron, which may share an env file, and not telesweep. */
const shared = /^(LANG|LC_[A-Z]+|PATH|HOME|MAILTO|SHELL|CRON_TZ)$/;

const atStart = 'is read when the process starts, before the file is: set it in the environment';

/** Variables that do something in the environment and nothing in an env file, each with the reason. */
const environmentOnly: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: atStart,
  NODE_OPTIONS: atStart,
  NO_COLOR: 'is looked for in the environment alone: set it there',
  PGPASSFILE: 'is looked for in the environment alone: set it there, or PGPASSWORD here',
  TZ: `${atStart}, or TIMEZONE here for the days and slots of telesweep`,
};

const readableNames = [...knownNames, ...libpqVariables];

const text = (suggestion: string | null) =>
  `is not a setting of telesweep${suggestion === null ? '' : `; did you mean ${suggestion}?`}`;

/** @param env a variable that stands there with the same value does what it does, whoever else reads the file */
export function unknownInEnvFile(values: Variables, env: Variables): Problem[] {
  return Object.entries(values).flatMap(([name, value]): Problem[] => {
    if (readableNames.includes(name) || shared.test(name)) return [];
    const reason = environmentOnly[name];
    if (reason === undefined) return [{ name, value: null, text: whyUnknown(name) }];
    return env[name] === value ? [] : [{ name, value: null, text: `has no effect in an env file: it ${reason}` }];
  });
}

/**
 * The environment is full of names of others: only one that is all but a setting's is taken for a slip, and only
 * where that setting is not given itself, so that a foreign variable that happens to be near has a way out.
 */
export function unknownInEnvironment(env: Variables, given: Variables): Problem[] {
  const missing = knownNames.filter((name) => given[name] === undefined);
  const problems: Problem[] = [];
  for (const name of Object.keys(env)) {
    if (readableNames.includes(name) || shared.test(name) || name in environmentOnly || /^PG[A-Z]/.test(name)) continue;
    // In a short name two letters are too much of it: IMG_URL is not PING_URL.
    const alike = missing.filter((known) => sameEnd(known, name));
    const suggestion = nearest(name, alike, { most: name.length < 10 ? 1 : 2 });
    if (suggestion !== null) problems.push({ name, value: null, text: text(suggestion) });
  }
  return problems;
}

/** A slip leaves the beginning or the end of a name. Asked first, because an environment may hold hundreds of names. */
function sameEnd(a: string, b: string): boolean {
  return a.slice(0, 3) === b.slice(0, 3) || a.slice(-3) === b.slice(-3);
}

function whyUnknown(name: string): string {
  const slip = nearest(name, libpqVariables, { most: 2 });
  const ofLibpq = /^PG[A-Z_]{3,}$/.test(name) && slip === null;
  return ofLibpq
    ? `is not followed by telesweep; of libpq's it knows ${libpqVariables.join(', ')}`
    : text(suggest(name));
}

function suggest(name: string): string | null {
  const upper = name.toUpperCase();
  return (
    nearest(upper, readableNames, { most: Math.max(2, Math.floor(name.length / 3)) }) ??
    knownNames.find((known) => upper.length > 4 && known.endsWith(`_${upper}`)) ??
    null
  );
}
