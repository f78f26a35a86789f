/** What a stranger may bring: tables, a server, a session, a distance. Types alone. */
import type { JobName, Summary } from '../../src/process/summary.ts';

export interface World {
  name: string;
  /** What stands before `migrate`; by default nothing, and `migrate` makes the tables. */
  tables?: string;
  /** What joins the tables once telesweep's columns stand. */
  after?: string;
  /** What becomes of the rows that a bot has written. */
  rows?: string;
  /** What stands while the jobs work, and not before. */
  meanwhile?: string;
  /** Options of CREATE DATABASE. */
  database?: string;
  /** What every session of the database, and so of telesweep, begins with. */
  session?: Readonly<Record<string, string>>;
  /** Parameters of the address. */
  parameters?: Readonly<Record<string, string>>;
  /** An ordinary role that owns the database, and what its sessions begin with; the superuser by default. */
  role?: Readonly<Record<string, string>>;
  /** SCHEMA: the tables stand there, and the search path of the role, which must be an ordinary one, leads to `public`. */
  schema?: string;
  /** Round trip to the server. */
  distanceMs?: number;
  /** What `migrate` says where it refuses the world: then no job is tried. */
  refused?: RegExp;
  /** What `doctor` says of it. */
  doctor?: RegExp;
  /** How the passes of a job end where it is not the main path. */
  ends?: Partial<Record<JobName, { first: Ending; second: Ending }>>;
  /** Rows that stay: `pending_deletions`, `tokens` and so on. */
  stay?: readonly string[];
}

export interface Ending {
  code: number;
  counts?: Summary['counts'];
  due?: number;
  /** On stderr. */
  says?: RegExp;
}
