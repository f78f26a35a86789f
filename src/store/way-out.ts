/** What an operator can do where the database cannot be reached, by the words of PostgreSQL, PgBouncer, Node or OpenSSL for it. */
const waysOut: readonly [RegExp, string][] = [
  [/no encryption/, 'it wants TLS: add sslmode=verify-full or sslmode=require to DATABASE_URL'],
  [/does not support SSL/, 'it speaks no TLS: leave sslmode out of DATABASE_URL if the network between is your own'],
  [/no pg_hba\.conf entry/, 'its pg_hba.conf wants a line for this host, role and database'],
  [
    /unsupported startup parameter/,
    'a PgBouncer before it takes no such parameter: leave it out of DATABASE_URL; give SCHEMA for a search_path, and set all else for the role (alter role … set …)',
  ],
  [
    /self-signed certificate|issuer certificate|verify the first certificate/,
    'let sslrootcert in DATABASE_URL (or PGSSLROOTCERT) name the file of who signed its certificate',
  ],
  [/certificate (has expired|is not yet valid)/, "check this machine's clock, then the server's certificate"],
  [
    /does not match certificate/,
    'let DATABASE_URL name the host as its certificate does, or take sslmode=verify-ca with sslrootcert',
  ],
  [/password authentication failed/, 'check the role and the password in DATABASE_URL'],
  [
    /too many (clients|connections)|connection slots are reserved|no more connections allowed/,
    'raise its max_connections, or let a PgBouncer stand between; a pass takes one connection',
  ],
  [/ENOTFOUND|EAI_AGAIN/, "check the host in DATABASE_URL, and this machine's DNS"],
  [/ECONNREFUSED/, 'check the host and the port in DATABASE_URL, and that the server listens there'],
  [
    /timeout expired|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'check the host and the port in DATABASE_URL, and what stands between',
  ],
  [/starting up|shutting down|recovery/, 'the next pass tries again'],
];

/** @param words of what kept the connection from being made */
export function wayOut(words: string): string {
  const [, way = 'check DATABASE_URL'] = waysOut.find(([pattern]) => pattern.test(words)) ?? [];
  return way;
}
