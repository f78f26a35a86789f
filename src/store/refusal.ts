import { RowRefusedError } from '../process/errors.ts';

/** Why PostgreSQL refused a statement, by its own words. */
export interface Refusal {
  /** The SQLSTATE. */
  code: string;
  message: string;
  column: string | null;
  /** The key or the reference that a constraint names; never the row. */
  key: string | null;
}

/** Null where it was no refusal of the server, or one that has an error of its own. */
export function refusalOf(thrown: unknown): Refusal | null {
  const error = thrown instanceof RowRefusedError ? thrown.cause : thrown;
  if (!(error instanceof Error)) return null;
  const code = fieldOf(error, 'code') ?? '';
  // The socket has codes of its own, such as EPIPE.
  if (!/^(?!E)[0-9A-Z]{5}$/.test(code)) return null;
  const key = ['23503', '23505'].includes(code) ? fieldOf(error, 'detail') : null;
  return { code, message: error.message, column: fieldOf(error, 'column'), key };
}

function fieldOf(error: Error, name: string): string | null {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}
