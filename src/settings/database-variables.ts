/** The variables of libpq that telesweep follows, each with the parameter that it stands in for. */
export const libpqParameters = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGUSER: 'user',
  PGPASSWORD: 'password',
  PGOPTIONS: 'options',
} as const;

/** libpq's variables for the files of TLS; they mean nothing without TLS, but to pg they would switch it on. */
export const sslFileParameters = {
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
} as const;

export const libpqVariables: readonly string[] = [
  ...Object.keys(libpqParameters),
  ...Object.keys(sslFileParameters),
  'PGDATABASE',
  'PGSSLMODE',
  'PGSSLNEGOTIATION',
];
