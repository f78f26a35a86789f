/** What ties a row to others: foreign keys, triggers, rules, policies. */
import { tablesOf } from './bots-tables.ts';
import { testWorlds } from './matrix.ts';
import type { World } from './world.ts';

const swept = ['pending_deletions', 'broadcasts', 'broadcast_messages', 'tokens', 'token_generator_count'] as const;
const forEach = (statement: (table: string) => string): string => swept.map(statement).join('\n');

/** Tables that refer to the bots', with a row for each of theirs. */
const referring = (action: string): string => `
  create table audit_record (id bigint references pending_deletions ${action});
  create table audit_token (token text references tokens ${action});
  create table audit_broadcast (id bigint references broadcasts ${action});
  create table audit_counter (user_id bigint, date date, foreign key (user_id, date) references token_generator_count ${action})`;
const referred = `insert into audit_record select id from pending_deletions; insert into audit_token select token from tokens;
  insert into audit_broadcast select id from broadcasts; insert into audit_counter select user_id, date from token_generator_count`;

const trigger = (name: string, when: string, body: string): string => `
  create function ${name}() returns trigger language plpgsql as $$ begin ${body} end $$;
  ${forEach((table) => `create trigger ${name} ${when} on ${table} for each row execute function ${name}();`)}`;

const held = (counts: Record<string, number>, due: number, says: RegExp) => ({ code: 1, counts, due, says });

/** Rows that stay: each counted and told of, no notice sent twice or called uncertain. */
const heldRows = (says: RegExp): Pick<World, 'ends' | 'stay'> => ({
  ends: {
    'delete-due': {
      first: held({ records: 0, messages_deleted: 5, notices_sent: 2, notices_uncertain: 0 }, 0, says),
      second: { code: 0, counts: { records: 0, notices_sent: 0, notices_uncertain: 0 } },
    },
    'delete-broadcasts': {
      first: held({ broadcasts: 0, messages_deleted: 2 }, 0, says),
      second: { code: 0, counts: { broadcasts: 0 } },
    },
    'cleanup-tokens': {
      first: held({ deleted: 0, kept: 2 }, 2, says),
      second: held({ deleted: 0, kept: 2 }, 2, says),
    },
    'reset-counts': {
      first: held({ deleted: 0, kept: 2 }, 2, says),
      second: held({ deleted: 0, kept: 2 }, 2, says),
    },
  },
  stay: ['broadcast_messages', 'broadcasts', 'pending_deletions', 'token_generator_count', 'tokens'],
});

/** No claim can be kept, so no notice goes out: what was deleted is asked for again, and each pass says why. */
const unchangingRows: Pick<World, 'ends' | 'stay' | 'doctor'> = {
  ends: {
    'delete-due': {
      first: held({ records: 0, messages_deleted: 5, notices_sent: 0, notices_uncertain: 0 }, 2, /without a word/),
      second: held({ records: 0, messages_deleted: 5, notices_sent: 0, notices_uncertain: 0 }, 2, /without a word/),
    },
    'delete-broadcasts': {
      first: held({ broadcasts: 0, messages_deleted: 2 }, 0, /without a word/),
      second: held({ broadcasts: 0, messages_deleted: 0 }, 0, /without a word/),
    },
  },
  stay: ['broadcasts', 'pending_deletions'],
};

const policies = forEach(
  (table) => `alter table ${table} enable row level security, force row level security;
    create policy everything on ${table} using (true) with check (true);`,
);

testWorlds([
  {
    name: 'our tables refer to others and to each other, with and without cascade',
    tables: tablesOf({
      of: {
        pending_deletions: { more: 'foreign key (user_id) references users on delete cascade' },
        tokens: { more: 'foreign key (created_by) references users' },
        token_generator_count: { more: 'foreign key (user_id) references users deferrable initially deferred' },
      },
    }),
    after: `insert into users (user_id) values (11), (12), (1001);
      alter table broadcast_messages add foreign key (broadcast_id) references broadcasts`,
  },
  {
    name: 'a ledger that goes with its broadcast',
    after: 'alter table broadcast_messages add foreign key (broadcast_id) references broadcasts on delete cascade',
  },
  {
    name: 'others refer to ours and go with them',
    after: referring('on delete cascade'),
    rows: referred,
    doctor: /audit_counter \(user_id, date\) refers to public\.token_generator_count without an index/,
  },
  { name: 'others refer to ours and let go', after: referring('on delete set null'), rows: referred },
  {
    name: 'others hold our rows by a foreign key',
    after: referring(''),
    rows: referred,
    ends: {
      ...heldRows(/foreign key/).ends,
      'delete-broadcasts': {
        first: held({ broadcasts: 0, messages_deleted: 2 }, 0, /foreign key/),
        second: { code: 0, counts: { broadcasts: 0 } },
      },
    },
    stay: ['broadcasts', 'pending_deletions', 'token_generator_count', 'tokens'],
    doctor: /foreign key \S+ of audit_record lets no row of public.pending_deletions go/,
  },
  {
    name: 'triggers before and after',
    after: `create table log (at timestamptz default now(), what text);
      ${trigger('note_before', 'before insert or update or delete', `insert into log (what) values (tg_table_name); return coalesce(new, old);`)}
      ${trigger('note_after', 'after insert or update or delete', `insert into log (what) values (tg_table_name); return null;`)}
      create function note_all() returns trigger language plpgsql as $$ begin insert into log (what) select 'all' from gone; return null; end $$;
      create trigger note_all after delete on pending_deletions referencing old table as gone for each statement execute function note_all()`,
  },
  {
    name: 'a trigger that raises for every row',
    after: trigger('hold', 'before delete', `raise exception 'the archive wants it';`),
    ...heldRows(/the archive wants it/),
    doctor: /trigger hold is asked/,
  },
  {
    name: 'a trigger that returns NULL before a row goes',
    after: trigger('hold', 'before delete', 'return null;'),
    ...heldRows(/without a word/),
    doctor: /trigger hold is asked/,
  },
  {
    name: 'a trigger that returns NULL before a row changes',
    after: trigger('stiffen', 'before update', 'return null;'),
    ...unchangingRows,
  },
  {
    name: 'a trigger that returns the old row before it changes',
    after: trigger('stiffen', 'before update', 'return old;'),
    ...unchangingRows,
  },
  {
    name: 'a rule that does nothing instead',
    after: forEach((table) => `create rule keep as on delete to ${table} do instead nothing;`),
    ends: Object.fromEntries(
      ['delete-due', 'delete-broadcasts', 'cleanup-tokens', 'reset-counts'].map((job) => [
        job,
        { first: { code: 78, says: /has a rule in place/ }, second: { code: 78, says: /has a rule in place/ } },
      ]),
    ),
    stay: ['broadcast_messages', 'broadcasts', 'pending_deletions', 'token_generator_count', 'tokens'],
    doctor: /rule keep stands in place/,
  },
  { name: 'row security as a forced policy that shows all', role: {}, after: policies, doctor: /row security/ },
  {
    name: 'row security as a forced policy that shows nothing',
    role: {},
    rows: forEach(
      (table) => `alter table ${table} enable row level security, force row level security;
        create policy nothing on ${table} using (false);`,
    ),
    ends: {
      'delete-due': { first: { code: 0 }, second: { code: 0 } },
      'delete-broadcasts': { first: { code: 0 }, second: { code: 0 } },
      'cleanup-tokens': { first: { code: 0 }, second: { code: 0 } },
      'reset-counts': { first: { code: 0 }, second: { code: 0 } },
    },
    stay: ['broadcast_messages', 'broadcasts', 'pending_deletions', 'token_generator_count', 'tokens'],
    doctor: /row security may hide rows/,
  },
]);
