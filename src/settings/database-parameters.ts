/** The parameters in the query of a database URL: each is followed, or known to be another tool's, or refused. */
import { type Complaint, Wrong } from './format.ts';
import { nearest } from './nearest-name.ts';

/** Those that reach the connection. `uselibpqcompat` is set anyway, and text is always UTF-8. */
const followed = [
  ...['host', 'port', 'user', 'password', 'dbname', 'options', 'application_name', 'fallback_application_name'],
  ...['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'uselibpqcompat', 'client_encoding'],
  ...['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'],
];

/** What URLs hold for pools, caches and drivers of others, and for the network as libpq sees it. None changes what is stored where. */
const ofOthers = [
  // libpq
  ...[
    'connect_timeout',
    'keepalives',
    'keepalives_idle',
    'keepalives_interval',
    'keepalives_count',
    'tcp_user_timeout',
  ],
  ...['target_session_attrs', 'load_balance_hosts', 'channel_binding', 'gssencmode', 'sslcompression', 'sslsni'],
  // Prisma, Supabase, Vercel
  ...['pgbouncer', 'connection_limit', 'pool_timeout', 'socket_timeout', 'statement_cache_size', 'supa', 'workaround'],
  // pools and caches of other drivers
  ...[
    'pool',
    'pool_size',
    'pool_mode',
    'max',
    'min',
    'max_connections',
    'min_connections',
    'idle_timeout',
    'max_lifetime',
  ],
  ...[
    'pool_max_conns',
    'pool_min_conns',
    'pool_max_conn_lifetime',
    'pool_max_conn_idle_time',
    'pool_health_check_period',
  ],
  ...['default_query_exec_mode', 'statement_cache_capacity', 'statement-cache-capacity', 'description_cache_capacity'],
  ...[
    'prepared_statements',
    'prepared_statement_cache_size',
    'statement_limit',
    'prepareThreshold',
    'prepare',
    'timeout',
  ],
  ...['max_overflow', 'pool_recycle', 'pool_pre_ping', 'command_timeout', 'query_timeout', 'conn_max_age'],
  ...['conn_health_checks', 'checkout_timeout', 'reaping_frequency', 'advisory_locks', 'encoding', 'loginTimeout'],
  ...['socketTimeout', 'tcpKeepAlive', 'keepAlive', 'idleTimeoutMillis', 'connectionTimeoutMillis'],
];

const bySearchPath = 'the setting SCHEMA, with the name of the schema';
const byTls = 'sslmode=require (encrypted) or sslmode=verify-full (and the server known)';

/** What means something to others that telesweep must not pass over, and how to write it here. */
const instead: Readonly<Record<string, string>> = {
  schema: bySearchPath,
  currentschema: bySearchPath,
  search_path: bySearchPath,
  schema_search_path: bySearchPath,
  tls: byTls,
  usessl: byTls,
  sslaccept: byTls,
  requiressl: byTls,
  passfile: 'PGPASSFILE in the environment',
  service: 'host, port, user and database',
  hostaddr: 'the address as the host',
};

/** What some parameters may say; anything else asks for what is not done here. */
const allowedValues: Readonly<Record<string, RegExp>> = {
  target_session_attrs: /^(any|read-write|primary)$/,
  gssencmode: /^(disable|prefer)$/,
  client_encoding: /^(utf-?8|auto)$/i,
  statement_timeout: /^\d{1,9}$/,
  lock_timeout: /^\d{1,9}$/,
  idle_in_transaction_session_timeout: /^\d{1,9}$/,
};

/**
 * Takes out what has no value or is another tool's, in place.
 * @returns the names of the latter, or all that is wrong; no value is told, and no name that may be part of a password
 */
export function sortParameters(parameters: URLSearchParams): string[] | Wrong {
  const complaints: Complaint[] = [];
  const ignored: string[] = [];
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name).filter((value) => value !== '');
    const [value] = values;
    if (value === undefined) parameters.delete(name);
    else if (values.length > 1) complaints.push(complaint(`has the parameter ${quote(name)} twice`, 'it once'));
    else if (!(allowedValues[name] ?? /^/).test(value)) {
      complaints.push(complaint(`asks by the parameter ${quote(name)} for what is not done here`, 'it left out'));
    } else if (ofOthers.includes(name)) ignored.push(name);
    else if (!followed.includes(name)) complaints.push(unknown(name));
  }
  for (const name of [...ignored, 'uselibpqcompat', 'client_encoding']) parameters.delete(name);
  return complaints.length > 0 ? new Wrong(complaints) : ignored;
}

function unknown(name: string): Complaint {
  const folded = name.toLowerCase();
  const near = nearest(folded, [...followed, ...ofOthers], { most: 2, fold: (text) => text.toLowerCase() });
  return complaint(
    `has the parameter ${quote(name)}, which is unknown here`,
    instead[folded] ?? (near === null ? 'it left out, or what libpq calls it' : `"${near}"`),
  );
}

function complaint(text: string, expected: string): Complaint {
  return { value: '', text, expected };
}

function quote(name: string): string {
  return /^[A-Za-z][\w.-]{0,40}$/.test(name) ? `"${name}"` : '(hidden)';
}
