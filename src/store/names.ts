/**
 * How statements name what is a bot's own. They write `$bots.tokens` for a table that bots write, `$schema` for the schema of
 * these tables as text, `$path` for the schemas in which they are looked for, `$zone` for TIMEZONE and `$today` for the day there;
 * the connection puts all in. So one text serves a bot whose tables stand where SCHEMA says, which needs no search path and works behind PgBouncer in transaction mode,
 * and one whose names are found by its search path.
 */

/**
 * The schema to which the names lead, as SQL. The first table that stands answers for all: `migrate` refuses names that lead to
 * several schemas. Its name is quoted where SQL wants it so. In the order of text: by that of names no index of `schema_name` finds it.
 */
const bySearchPath = `(coalesce(
  (select replace(trim(both '"' from relnamespace::regnamespace::text), '""', '"') from pg_class
   where oid = coalesce(to_regclass('pending_deletions'), to_regclass('tokens'), to_regclass('guides'),
     to_regclass('broadcasts'), to_regclass('broadcast_messages'), to_regclass('token_generator_count'))),
  current_schema()::text, '') collate "default")`;

export interface Names {
  /** Null: by the search path. */
  setting: string | null;
  /** The schema of the bot's tables, once it is known. */
  schema: string | null;
  /** TIMEZONE. */
  zone: string;
}

/** Puts the names into a statement. */
export function withNames(text: string, { setting, schema, zone }: Names): string {
  if (!text.includes('$')) return text;
  const bots = setting === null ? '' : `"${setting}".`;
  const path = setting === null ? 'current_schemas(false)' : `array['${setting}']::name[]`;
  const known = schema ?? setting;
  const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  return text
    .replace(/"\$bots"\.|\$bots\./g, () => bots)
    .replace(/\$schema\b/g, () => (known === null ? bySearchPath : quoted(known)))
    .replace(/\$today\b/g, () => `(now() at time zone ${quoted(zone)})::date`)
    .replace(/\$zone\b/g, () => quoted(zone))
    .replace(/\$path\b/g, () => path);
}
