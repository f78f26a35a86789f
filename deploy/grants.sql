-- Two roles with the least rights: `telesweep` runs the jobs, `telesweep_migrate` makes and alters the tables.
--
--   psql --file deploy/grants.sql DATABASE      as a superuser, before the first `telesweep migrate`, and after each one
--   psql --command '\password telesweep'        and the same for telesweep_migrate
--
-- The bots' tables are looked for where their names lead on the search path, else they belong in its first schema: where a bot's
-- tables stand elsewhere, `set search_path` first. Running this again does no harm.

-- The schema of the bots' tables, for this session.
do $$
begin
  perform set_config('telesweep.schema', coalesce((
    select nspname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname in ('tokens', 'token_generator_count', 'pending_deletions', 'broadcasts', 'broadcast_messages', 'guides')
      and nspname = any (current_schemas(false)) and nspname <> 'telesweep'
    order by array_position(current_schemas(false), nspname) limit 1), current_schema()), false);
end $$;

do $$
begin
  if not exists (select from pg_roles where rolname = 'telesweep') then
    create role telesweep login;
  end if;
  if not exists (select from pg_roles where rolname = 'telesweep_migrate') then
    create role telesweep_migrate login;
  end if;
  execute format('grant connect on database %I to telesweep, telesweep_migrate', current_database());
  execute format('grant usage on schema %I to telesweep, telesweep_migrate', current_setting('telesweep.schema'));
  execute format('grant create on database %I to telesweep_migrate', current_database());
  execute format('grant create on schema %I to telesweep_migrate', current_setting('telesweep.schema'));
end $$;

-- Only its owner may alter a table, so telesweep_migrate becomes a member of the roles that own the bots' tables.
do $$
declare
  standing record;
begin
  for standing in
    select relname as name, pg_get_userbyid(relowner) as owner, rolsuper as of_superuser
    from pg_class join pg_roles on pg_roles.oid = relowner
    where relkind in ('r', 'p') and relnamespace = quote_ident(current_setting('telesweep.schema'))::regnamespace
      and relname in ('users', 'tokens', 'token_generator_count', 'pending_deletions', 'broadcasts', 'broadcast_messages', 'guides')
  loop
    if standing.of_superuser then
      raise notice 'table % belongs to %, a superuser: run telesweep migrate as that role, or give the table another owner',
        standing.name, standing.owner;
    elsif standing.owner <> 'telesweep_migrate' then
      execute format('grant %I to telesweep_migrate', standing.owner);
    end if;
  end loop;
end $$;

-- What each table is for the jobs. Where a row is only deleted, one harmless column may be updated as well, because
-- PostgreSQL asks for that before it locks a row.
do $$
declare
  item record;
begin
  for item in
    select * from (values
      (current_setting('telesweep.schema'), 'tokens', 'select, delete, update (created_at)'),
      (current_setting('telesweep.schema'), 'token_generator_count', 'select, delete, update (token_generated)'),
      (current_setting('telesweep.schema'), 'pending_deletions', 'select, delete,
        update (attempts, next_attempt_at, refusals, refused_since, failed_at, failure, failure_detail,
          messages_deleted_at, notice_started_at, notice_sent_at)'),
      (current_setting('telesweep.schema'), 'broadcasts', 'select, delete, update (failed_at, failure, failure_detail, deletion_started_at)'),
      (current_setting('telesweep.schema'), 'broadcast_messages', 'select, delete,
        update (attempts, next_attempt_at, refusals, refused_since, failed_at, failure, failure_detail)'),
      (current_setting('telesweep.schema'), 'guides', 'select'),
      ('telesweep', 'migrations', 'select'),
      ('telesweep', 'runs', 'select, insert, update, delete'),
      ('telesweep', 'totals', 'select, insert, update'),
      ('telesweep', 'leases', 'select, insert, update, delete'),
      ('telesweep', 'budgets', 'select, insert, update'),
      ('telesweep', 'bots', 'select, insert, update'),
      ('telesweep', 'senders', 'select, insert, update'),
      ('telesweep', 'finished_broadcasts', 'select, insert, update, delete'),
      ('telesweep', 'guide_posts', 'select, insert, update, delete'),
      ('telesweep', 'guide_totals', 'select, insert, update'),
      ('telesweep', 'alerts', 'select, insert, update'),
      ('telesweep', 'daily', 'select, insert, update, delete'),
      ('telesweep', 'reports', 'select, insert, update')
    ) as wanted (schema_name, table_name, rights)
    where to_regclass(format('%I.%I', schema_name, table_name)) is not null
      -- Before the first migration a bot's table lacks telesweep's columns.
      and to_regclass('telesweep.migrations') is not null
  loop
    execute format('grant usage on schema %I to telesweep', item.schema_name);
    execute format('grant %s on %I.%I to telesweep', item.rights, item.schema_name, item.table_name);
  end loop;
end $$;

-- Once a day users are counted, where the table can tell: no more of it may be read.
do $$
declare
  standing record;
begin
  for standing in
    select attname as name from pg_attribute
    where attrelid = to_regclass(format('%I.users', current_setting('telesweep.schema')))
      and attname in ('is_banned', 'joined_at') and not attisdropped
  loop
    execute format('grant select (%I) on %I.users to telesweep', standing.name, current_setting('telesweep.schema'));
  end loop;
end $$;

-- `telesweep guides import` writes to guides: run it as telesweep_migrate, or let the jobs' role do it:
--   grant insert, update, delete on guides to telesweep;
-- A role that only looks at the figures of each day, for Grafana:
--   grant usage on schema telesweep to grafana; grant select on telesweep.daily to grafana;
-- A bot that connects as a role of its own needs rights on tables that telesweep migrate has made:
--   grant select, insert, update on users, tokens, token_generator_count to your_bot;
--   grant insert on pending_deletions, broadcasts, broadcast_messages to your_bot;
