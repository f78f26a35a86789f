/** DATABASE_URL and the PG* variables, made into one connection string that means to pg what it means to libpq. */
import { applySsl } from './database-ssl.ts';
import { type DatabaseParts, fill, isPort, oneHost, severalHosts } from './database-url.ts';
import { libpqParameters } from './database-variables.ts';
import type { Problem } from './problem.ts';
import { formsOf } from './secrets.ts';

export interface DatabaseSettings {
  /** Absent where no database is given, which only a caller that does not ask for DATABASE_URL can see. */
  connectionString?: string;
  applicationName: string;
  /** Where the bot's tables stand; absent where the search path tells. */
  schema?: string;
  /** In which days begin and end. */
  timeZone: string;
  /** Parameters of DATABASE_URL that other tools read and telesweep does not, such as `pgbouncer`. */
  ignoredParameters?: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Whether the PG* variables alone name a database. */
export function namesDatabase(values: Variables): boolean {
  return ['PGHOST', 'PGDATABASE', 'PGUSER', 'PGSERVICE'].some((name) => (values[name] ?? '') !== '');
}

/**
 * Takes from the PG* variables what the URL leaves out, as libpq does, and checks the whole.
 * @param url null where the variables stand alone
 */
export function readDatabase(
  url: DatabaseParts | null,
  values: Variables,
): { connectionString: string; secrets: string[]; problems: Problem[] } {
  const parameters = new URLSearchParams(url?.parameters);
  const problems: Problem[] = [];
  if (url === null) problems.push(...unsupported(values));
  if (!url?.parameters.has('host') && values.PGHOST?.includes(',')) {
    problems.push({ name: 'PGHOST', value: values.PGHOST, text: `${severalHosts}; expected ${oneHost}` });
  }
  const port = values.PGPORT ?? '';
  if (port !== '' && !parameters.has('port') && !isPort(port)) {
    problems.push({ name: 'PGPORT', value: port, text: 'is not a port; expected a number from 1 to 65535' });
  }
  for (const [variable, parameter] of Object.entries(libpqParameters))
    fill(parameters, parameter, values[variable] ?? '');
  problems.push(...applySsl(parameters, values));

  // All but the database's name stands in the query, where nothing has a second meaning and pg undoes every escape.
  const database = url?.database || (values.PGDATABASE ?? '');
  const connectionString = `postgres:///${encodeURI(database)}?${parameters}`;
  const password = parameters.get('password') ?? '';
  const secrets = password === '' ? [] : [...formsOf(password), url?.writtenPassword ?? '', connectionString];
  return { connectionString, secrets, problems };
}

function unsupported(values: Variables): Problem[] {
  return ['PGSERVICE', 'PGHOSTADDR']
    .filter((name) => (values[name] ?? '') !== '')
    .map((name) => ({ name, value: null, text: 'is not supported; expected PGHOST, PGPORT, PGUSER and PGDATABASE' }));
}
