import { nearest } from './nearest-name.ts';
import type { Problem } from './problem.ts';
import { knownNames } from './settings-table.ts';

/** What an env file may hold beside settings: variables of libpq, Node and the shell, and of cron, which it may share. */
const foreign =
  /^(PG[A-Z]+|TZ|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|LANG|LC_[A-Z]+|PATH|HOME|MAILTO|SHELL)$/;

const text = (suggestion: string | null) =>
  `is not a setting of telesweep${suggestion === null ? '' : `; did you mean ${suggestion}?`}`;

export function unknownInEnvFile(names: readonly string[]): Problem[] {
  return names
    .filter((name) => !knownNames.includes(name) && !foreign.test(name))
    .map((name) => ({ name, value: null, text: text(suggest(name)) }));
}

/**
 * The environment is full of names of others: only one that is all but a setting's is taken for a slip, and only
 * where that setting is not given itself, so that a foreign variable that happens to be near has a way out.
 */
export function unknownInEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string | undefined>>,
): Problem[] {
  const missing = knownNames.filter((name) => given[name] === undefined);
  const problems: Problem[] = [];
  for (const name of Object.keys(env)) {
    if (env[name] === undefined || knownNames.includes(name) || foreign.test(name)) continue;
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

function suggest(name: string): string | null {
  const upper = name.toUpperCase();
  return (
    nearest(upper, knownNames, { most: Math.max(2, Math.floor(name.length / 3)) }) ??
    knownNames.find((known) => upper.length > 4 && known.endsWith(`_${upper}`)) ??
    null
  );
}
