/** What PostgreSQL's errors mean (postgresql.org/docs/current/errcodes-appendix.html). */
import { codeOf, messageOf, RowRefusedError, SettingsError, UnavailableError } from '../process/errors.ts';

/** A statement met a row that somebody else holds. */
export class LockTimeoutError extends UnavailableError {
  override name = 'LockTimeoutError';
}

/** A statement that another transaction kept from its order: the same may go through when it is asked again. */
export class SerializationError extends UnavailableError {
  override name = 'SerializationError';
}

/** The server ended a statement before it was done: a time limit, or somebody's wish. */
export class StatementCanceledError extends UnavailableError {
  override name = 'StatementCanceledError';
}

/** What the database has against one row. */
export interface RowFault {
  /** SQLSTATE. */
  code: string;
  /** PostgreSQL's own words, with the constraint or table that it names, in one line of at most 300 characters. */
  words: string;
}

/** What PostgreSQL does not tell of: a row that stays as it was, by a trigger that returns NULL or a policy that shows it alone. */
export const keptInSilence: RowFault = {
  code: '',
  words: 'a trigger or a policy of the table kept the row without a word',
};

/** Why the database refuses a row; null where the error is none of a row's. */
export function rowFault(error: unknown): RowFault | null {
  return error instanceof RowRefusedError ? { code: error.code, words: error.words } : null;
}

/** Turns what PostgreSQL or the socket said into the error that ends the pass, unless somebody knows what to do about it. */
export function databaseError(error: unknown): Error {
  if (error instanceof UnavailableError || error instanceof SettingsError || error instanceof RowRefusedError)
    return error;
  const code = codeOf(error);
  const message = messageOf(error);
  if (!/^(?!E)[0-9A-Z]{5}$/.test(code)) return new UnavailableError(`the database stopped answering: ${message}`);
  // telesweep has no functions of its own: what goes wrong in one, a trigger of the table called it.
  if (isOfFunction(error) && !isOfServer(code) && !/^(40|55)/.test(code))
    return new RowRefusedError(code, wordsOf(error, message), error);
  switch (code) {
    case '42P01':
    case '42703':
    case '3F000':
      return new SettingsError([`the database is not migrated (${message}); run telesweep migrate`]);
    case '42P10':
      // A key of telesweep's own is another one: migrated by a later or an earlier version.
      return new SettingsError([
        `the tables are not those of this telesweep (${message}); run telesweep migrate, or use the version that migrated them`,
      ]);
    case '42501':
      return new SettingsError([`the database role lacks a right: ${message}; grant it or use another DATABASE_URL`]);
    case '55P03':
      return new LockTimeoutError(`the database kept a statement waiting for a lock: ${message}`);
    case '57014':
      return new StatementCanceledError(`the database ended a statement: ${message}`);
    case '25006':
      return new UnavailableError(`the database is read-only (${message}): a standby? Check DATABASE_URL`);
    case '22023':
      if (/time zone/i.test(message)) {
        return new SettingsError([
          `TIMEZONE: the database does not know it (${message}); expected a name such as Europe/Berlin`,
        ]);
      }
  }
  // PgBouncer says so with 08P01, and hangs up.
  if (/statement pooling mode/.test(message)) {
    return new SettingsError([
      `DATABASE_URL: the pooler lends its connection for one statement alone (${message}); expected its pool_mode to be transaction or session`,
    ]);
  }
  if (isOfServer(code)) return new UnavailableError(`the database stopped answering: ${message}`);
  switch (code.slice(0, 2)) {
    case '40':
      return new SerializationError(`the database could not put a statement in order with others: ${message}`);
    case '0A':
      if (/\brules?\b|DELETE RETURNING|UPDATE RETURNING|INSERT RETURNING/.test(message)) {
        return new SettingsError([
          `a table of the bot has a rule in place of a change (${message}); drop the rule, or make it a trigger`,
        ]);
      }
      break;
    case '55':
      return /replica identity/i.test(message)
        ? new SettingsError([
            `the table has no replica identity, and a publication asks for one (${message}); give it a primary key or ALTER TABLE … REPLICA IDENTITY FULL`,
          ])
        : new UnavailableError(`the database cannot do this now: ${message}`);
  }
  if (ownFaults.includes(code.slice(0, 2))) return error instanceof Error ? error : new Error(message);
  // Integrity, data, a view's check, and whatever a trigger or rule raises, under a code of its own choice.
  return new RowRefusedError(code, wordsOf(error, message), error);
}

/** Classes that a statement of telesweep's own causes where it is wrong: syntax, features, cursors, transactions. */
const ownFaults = [
  '03',
  '0A',
  '0B',
  '0F',
  '0L',
  '0P',
  '0Z',
  '10',
  '21',
  '24',
  '26',
  '2B',
  '2D',
  '34',
  '3B',
  '42',
  '54',
];

/** Connection, resources, operator, system, a transaction that cannot write, a foreign server. */
function isOfServer(code: string): boolean {
  return ['08', '25', '28', '3D', '53', '57', '58', '72', 'F0', 'HV', 'XX'].includes(code.slice(0, 2));
}

function isOfFunction(error: unknown): boolean {
  const where: unknown = error instanceof Error ? Reflect.get(error, 'where') : undefined;
  return typeof where === 'string' && /\bfunction \S/.test(where);
}

/** The constraint or the function stand beside the message, which a trigger may have chosen freely. */
function wordsOf(error: unknown, message: string): string {
  const field = (name: string): string => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const constraint = field('constraint');
  const named = constraint === '' || message.includes(constraint) ? '' : ` (constraint ${constraint})`;
  const raised = /function [^(]+\(/.exec(field('where'))?.[0].slice(0, -1);
  const where = raised === undefined ? '' : ` (${raised})`;
  return oneLine(`${message}${named}${where}`);
}

/** Without what PostgreSQL or a terminal cannot take. */
function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
