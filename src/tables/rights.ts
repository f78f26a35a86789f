/** What the jobs need of each table. `deploy/grants.sql` grants the same. */
import type { Connection } from '../store/connect.ts';

/** As much of a job as decides what it needs. */
interface Worker {
  name: string;
  /** Null where it calls no API. */
  token: string | null;
}

interface NeededRights {
  /** Bots' tables without a schema. */
  table: string;
  /** Names; or all, or all that call Telegram. */
  jobs: readonly string[] | 'all' | 'calling';
  rights: readonly ('select' | 'insert' | 'delete')[];
  /** Columns that are updated; `any` where rows are only locked, which wants the right to one of them. */
  update: readonly string[] | 'any' | null;
}

const failure = ['failed_at', 'failure', 'failure_detail'];
const attempts = ['attempts', 'next_attempt_at', 'refusals', 'refused_since', ...failure];

const needed: readonly NeededRights[] = [
  { table: 'tokens', jobs: ['cleanup-tokens'], rights: ['select', 'delete'], update: 'any' },
  { table: 'token_generator_count', jobs: ['reset-counts'], rights: ['select', 'delete'], update: 'any' },
  {
    table: 'pending_deletions',
    jobs: ['delete-due'],
    rights: ['select', 'delete'],
    update: [...attempts, 'messages_deleted_at', 'notice_started_at', 'notice_sent_at'],
  },
  {
    table: 'broadcasts',
    jobs: ['delete-broadcasts'],
    rights: ['select', 'delete'],
    update: [...failure, 'deletion_started_at'],
  },
  { table: 'broadcast_messages', jobs: ['delete-broadcasts'], rights: ['select', 'delete'], update: attempts },
  { table: 'guides', jobs: ['post-guide'], rights: ['select'], update: null },
  {
    table: 'telesweep.runs',
    jobs: 'all',
    rights: ['select', 'insert', 'delete'],
    update: ['finished_at', 'outcome', 'summary'],
  },
  { table: 'telesweep.totals', jobs: 'all', rights: ['select', 'insert'], update: ['value', 'changed_at'] },
  { table: 'telesweep.daily', jobs: 'all', rights: ['select', 'insert', 'delete'], update: ['value'] },
  {
    table: 'telesweep.leases',
    jobs: 'all',
    rights: ['select', 'insert', 'delete'],
    update: ['run_id', 'holder', 'acquired_at', 'expires_at'],
  },
  {
    table: 'telesweep.budgets',
    jobs: 'calling',
    rights: ['select', 'insert'],
    update: ['next_call_at', 'paused_until', 'cooldown_until'],
  },
  {
    table: 'telesweep.bots',
    jobs: 'calling',
    rights: ['select', 'insert'],
    update: ['username', 'asked_at', 'worked_at', 'streak', 'one_by_one'],
  },
  {
    table: 'telesweep.senders',
    jobs: 'calling',
    rights: ['select', 'insert'],
    update: ['bot_id', 'since'],
  },
  {
    table: 'telesweep.finished_broadcasts',
    jobs: ['delete-broadcasts'],
    rights: ['select', 'insert', 'delete'],
    update: ['finished_at'],
  },
  {
    table: 'telesweep.guide_posts',
    jobs: ['post-guide'],
    rights: ['select', 'insert', 'delete'],
    update: ['state', 'message_id', 'error'],
  },
  {
    table: 'telesweep.alerts',
    jobs: ['doctor --alert'],
    rights: ['select', 'insert'],
    update: [
      'seen',
      'told',
      'text',
      'opened_at',
      'told_at',
      'chat_id',
      'message_id',
      'claimed_at',
      'holder',
      'held_until',
    ],
  },
  {
    table: 'telesweep.reports',
    jobs: ['stats --send'],
    rights: ['select', 'insert'],
    update: ['state', 'chat_id', 'message_id', 'error', 'holder', 'held_until', 'changed_at'],
  },
  // Its figures join what stands still with what was counted.
  { table: 'tokens', jobs: ['stats --send'], rights: ['select'], update: null },
  { table: 'token_generator_count', jobs: ['stats --send'], rights: ['select'], update: null },
  { table: 'telesweep.guide_totals', jobs: ['post-guide'], rights: ['select', 'insert'], update: ['total'] },
];

export interface MissingRight {
  /** `select, update (attempts)` */
  rights: string;
  /** `public.pending_deletions`, `schema telesweep` */
  on: string;
  /** Null for all. */
  jobs: readonly string[] | null;
}

export interface RightsFound {
  role: string;
  missing: MissingRight[];
  /** Tables whose rows row security may hide from the role. */
  hidden: string[];
}

interface TableRow extends Record<string, unknown> {
  role: string;
  schema: string;
  usage: boolean;
  hidden: boolean;
  lacks: string[];
}

/** Asks the catalogue what the current role may not do. Tables that do not stand are passed over. */
export async function readMissingRights(connection: Connection, jobs: readonly Worker[]): Promise<RightsFound> {
  const found: RightsFound = { role: '', missing: [], hidden: [] };
  const shut = new Set<string>();
  for (const { table, jobs: users, rights, update } of needed) {
    const uses = ({ name, token }: Worker) =>
      users === 'calling' ? token !== null : users === 'all' || users.includes(name);
    const concerned = jobs.filter(uses).map(({ name }) => name);
    if (concerned.length === 0) continue;
    const row = await readTableRights(connection, table, rights, update);
    if (row === null) continue;
    found.role = row.role;
    if (!row.usage) shut.add(row.schema);
    const on = `${row.schema}.${table.replace(/^.*\./, '')}`;
    if (row.lacks.length > 0)
      found.missing.push({ rights: row.lacks.join(', '), on, jobs: users === 'all' ? null : concerned });
    if (row.hidden) found.hidden.push(on);
  }
  found.missing.unshift(...[...shut].map((schema) => ({ rights: 'usage', on: `schema ${schema}`, jobs: null })));
  return found;
}

async function readTableRights(
  connection: Connection,
  table: string,
  rights: readonly string[],
  update: readonly string[] | 'any' | null,
): Promise<TableRow | null> {
  const [schema, name] = table.includes('.') ? table.split('.') : [null, table];
  // By the catalogue, because a name cannot be looked up in a schema without the right to use it.
  const [row] = await connection.query<TableRow>(
    `select current_user::text as role, nspname::text as schema, has_schema_privilege(pg_namespace.oid, 'usage') as usage,
            row_security_active(pg_class.oid) as hidden,
            array(
              select right_name from unnest($3::text[]) as right_name
              where not has_table_privilege(pg_class.oid, right_name)
              union all
              select 'update' where $5 and not has_any_column_privilege(pg_class.oid, 'update')
              union all
              select 'update (' || string_agg(column_name, ', ' order by place) || ')'
              from unnest($4::text[]) with ordinality as wanted (column_name, place)
              where exists (select from pg_attribute where attrelid = pg_class.oid and attname = column_name)
                and not has_column_privilege(pg_class.oid, column_name, 'update')
              having count(*) > 0
            ) as lacks
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname = $2 and relkind in ('r', 'p')
       and case when $1::text is null then nspname = any($path) and nspname <> 'telesweep' else nspname = $1 end
     order by array_position($path, nspname) limit 1`,
    [schema, name, [...rights], Array.isArray(update) ? [...update] : [], update === 'any'],
  );
  return row ?? null;
}
