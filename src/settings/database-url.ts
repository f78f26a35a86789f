import { sortParameters } from './database-parameters.ts';
import { type Format, Wrong, wrong } from './format.ts';

/** What a database URL says, by the names that libpq gives to its parameters. */
export interface DatabaseParts {
  database: string;
  /** Host, port, user, password and all that stood in the URL's query. */
  parameters: URLSearchParams;
  /** The password as it was written, escapes and all. */
  writtenPassword: string;
  /** The names of parameters that other tools read. */
  ignoredParameters: readonly string[];
}

const escaped =
  'postgres://user:password@host:5432/database, with the characters % / : ? # @ in a password written as %25 %2F %3A %3F %23 %40';

export const severalHosts = 'names several hosts';
export const oneHost = 'one, such as the name that always leads to the primary, or a PgBouncer or HAProxy before them';

/** Stricter than pg, which mends a URL with a stray % by escaping it a second time. */
export const databaseUrl: Format<DatabaseParts> = {
  expected: 'postgres://user:password@host:5432/database',
  secretsOf: (text) => [text],
  parse(text) {
    if (/^postgres(ql)?\+\w+:\/\//i.test(text)) {
      return wrong(
        text,
        'names the driver of another program',
        'postgres://user:password@host:5432/database, without the + and the name behind it',
      );
    }
    if (!/^postgres(ql)?:\/\//i.test(text)) return wrong(text, 'does not begin with postgres://');
    if (/\s/.test(text)) return wrong(text, 'has white space in it');
    if (text.includes('#')) return wrong(text, 'has a # in it', escaped);
    if (/%(?![0-9a-f]{2})/i.test(text))
      return wrong(text, 'has a % that is not followed by two hexadecimal digits', escaped);
    const [, address = '', query = ''] = /^([^?]*)\??(.*)$/.exec(text) ?? [];
    // An @ there comes from a password with a ? in it.
    if (query !== '' && !/^[^=&@]+=[^&@]*(&[^=&@]+=[^&@]*)*$/.test(query)) {
      return wrong(text, 'has a ? that is not followed by name=value', escaped);
    }
    const hosts = /^[^/]*\/\/(?:[^/]*@)?([^/]*)/.exec(address)?.[1] ?? '';
    if (hosts.includes(',')) return wrong(text, severalHosts, oneHost);
    const parameters = new URLSearchParams(query);
    const ignoredParameters = sortParameters(parameters);
    if (ignoredParameters instanceof Wrong) return ignoredParameters;
    const parts = partsOf(address, parameters, ignoredParameters);
    if (parts === null) return wrong(text, 'is not an address that can be read', escaped);
    if (parts.parameters.get('host')?.includes(',')) return wrong(text, severalHosts, oneHost);
    const port = parts.parameters.get('port');
    if (port !== null && !isPort(port)) return wrong(text, 'has a port that is not a number from 1 to 65535');
    // pg undoes no escape of these two in a path.
    if (/[?#]/.test(parts.database)) return wrong(text, 'names a database that has ? or # in its name');
    return parts;
  },
};

export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** Sets a parameter that is not given yet. An empty one counts as not given, to libpq and here. */
export function fill(parameters: URLSearchParams, name: string, value: string): void {
  if (value !== '' && (parameters.get(name) ?? '') === '') parameters.set(name, value);
}

function partsOf(
  address: string,
  parameters: URLSearchParams,
  ignoredParameters: readonly string[],
): DatabaseParts | null {
  // `postgres://user:password@/database`, where the host stands in the query, is libpq's, and no URL to others.
  const beforeHost = /^[^/]*\/\/[^/]*@(?=\/|$)/.exec(address)?.[0] ?? null;
  try {
    const url = new URL(beforeHost === null ? address : `${beforeHost}host${address.slice(beforeHost.length)}`);
    if (beforeHost === null) fill(parameters, 'host', decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'));
    fill(parameters, 'port', url.port);
    fill(parameters, 'user', decodeURIComponent(url.username));
    fill(parameters, 'password', decodeURIComponent(url.password));
    return {
      database: decodeURIComponent(url.pathname.slice(1)) || (parameters.get('dbname') ?? ''),
      parameters,
      writtenPassword: /:\/\/[^/:@]*:([^/]*)@/.exec(address)?.[1] ?? '',
      ignoredParameters,
    };
  } catch {
    return null;
  }
}
