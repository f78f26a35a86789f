/** Servers, databases and roles with settings of their own. */
import { testWorlds } from './matrix.ts';
import type { World } from './world.ts';

const dateStyles = ['German, DMY', 'SQL, DMY', 'Postgres, MDY'];
const intervalStyles = ['iso_8601', 'sql_standard', 'postgres_verbose'];

const styles: World[] = dateStyles.map((DateStyle, n) => ({
  name: `DateStyle ${DateStyle}, IntervalStyle ${intervalStyles[n]}, zone Asia/Kolkata`,
  session: { DateStyle: `'${DateStyle}'`, IntervalStyle: `'${intervalStyles[n]}'`, TimeZone: `'Asia/Kolkata'` },
}));

const inTransactions = ['repeatable read', 'serializable'].map((level) => ({
  name: `default isolation ${level}`,
  session: { default_transaction_isolation: `'${level}'` },
  doctor: /by default: telesweep asks again/,
}));

const readOnly = { code: 69, says: /read-only/ };

testWorlds([
  { name: 'fresh' },
  ...styles,
  ...inTransactions,
  {
    name: 'a role with time limits of its own, synchronous_commit off',
    role: {
      synchronous_commit: 'off',
      lock_timeout: '200ms',
      statement_timeout: '20s',
      idle_session_timeout: '20s',
      idle_in_transaction_session_timeout: '5s',
    },
    doctor: /synchronous_commit is off/,
  },
  {
    name: 'DateStyle ISO, YMD, no notices, and few bits of a float',
    session: { DateStyle: `'ISO, YMD'`, client_min_messages: 'error', extra_float_digits: '-15' },
    // Further away than slots are forgiven: a clock read to one digit would put each of them into the past.
    distanceMs: 20,
  },
  { name: 'in SQL_ASCII', database: `encoding 'SQL_ASCII' locale 'C' template template0` },
  { name: 'in LATIN1', database: `encoding 'LATIN1' locale 'C' template template0` },
  {
    name: 'read-only',
    session: {},
    meanwhile: `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
    ends: Object.fromEntries(
      ['delete-due', 'delete-broadcasts', 'cleanup-tokens', 'reset-counts', 'post-guide'].map((job) => [
        job,
        { first: readOnly, second: readOnly },
      ]),
    ),
    stay: ['broadcast_messages', 'broadcasts', 'pending_deletions', 'token_generator_count', 'tokens'],
    doctor: /default_transaction_read_only is on/,
  },
  {
    name: 'on another machine, in plain text',
    session: { search_path: 'public, elsewhere, pg_catalog' },
    tables: `create schema elsewhere; create function elsewhere.inet_client_addr() returns inet language sql as 'select inet ''192.0.2.7'''`,
    doctor: /goes there in plain text/,
  },
  { name: '100 ms away', distanceMs: 100 },
]);
