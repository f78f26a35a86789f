/** How a migration says what table it wants to stand. Types alone. */

/** The types that the tables use, each as PostgreSQL's `format_type` names it. */
export type WantedType =
  | 'bigint'
  | 'bigint[]'
  | 'boolean'
  | 'date'
  | 'integer'
  | 'jsonb'
  | 'text'
  | 'timestamp with time zone';

export interface WantedColumn {
  name: string;
  type: WantedType;
  /** Asked of a new column only: a standing one keeps what its bot relies on. */
  notNull?: true;
  /** An SQL expression. Set on a standing column that has no default, so that a bot may leave the column out. */
  default?: string;
  /** Numbered by the database. */
  identity?: true;
  /** For a column of telesweep's own on a bot's table: what it means. Kept as the column's comment, which marks it. */
  own?: string;
}

export interface WantedTable {
  /** Null: among the bots' tables. */
  schema: 'telesweep' | null;
  name: string;
  columns: readonly WantedColumn[];
  key: readonly string[];
  /** A standing table whose rows break the key cannot serve; without this it merely does without the key. */
  keyRequired?: true;
  /** No job reads it: it is made where none stands, and one that stands is left alone, whatever its shape. */
  unread?: true;
  /** Conditions on the rows of a new table. A standing one may hold, and its bot may write, other rows. */
  checks?: readonly string[];
  /** What follows CREATE TABLE. */
  storage?: string;
  indexes?: readonly WantedIndex[];
  /** What a new table is filled with. */
  filling?: { what: string; columns: readonly string[]; rows: readonly (readonly (string | number)[])[] };
}

export interface WantedIndex {
  /** Starts with `telesweep_`, which marks it as telesweep's own. */
  name: string;
  /** Each a column's name, with ` desc` behind it where that is its order. */
  columns: readonly string[];
  /** The condition of a partial index, in the words in which PostgreSQL gives it back. */
  where?: string;
}
