import { type QueryExecutorProvider, sql } from 'kysely';

/** Where the bots' tables stand, or where they are to be made. */
export interface BotsSchema {
  schema: string;
  /** For people: why this one. */
  why: string;
}

/** A relation of one of the names, on the search path or elsewhere. */
export interface NamedRelation {
  schema: string;
  name: string;
  /** The place of its schema on the search path; null outside of it. */
  place: number | null;
  /** The path names its schema, and the role may not use it. */
  shut: boolean;
}

/** The search path as it stands for this role: telesweep's own schema, which a role of that name has first, left out. */
export async function readSearchPath(db: QueryExecutorProvider): Promise<string[]> {
  const { rows } = await sql<{ schema: string }>`
    select schema from unnest($path) with ordinality as path (schema, place)
    where schema <> 'telesweep' and exists (select from pg_namespace where nspname = schema) order by place`.execute(
    db,
  );
  return rows.map(({ schema }) => schema);
}

/** Every relation of these names outside telesweep's and the system's schemas, in the order in which a name finds them. */
export async function findRelations(db: QueryExecutorProvider, names: readonly string[]): Promise<NamedRelation[]> {
  const { rows } = await sql<NamedRelation>`
    select nspname as schema, relname as name, array_position($path, nspname) as place,
      not has_schema_privilege(pg_namespace.oid, 'usage') and (nspname = any($path) or exists (
        select from unnest(string_to_array(current_setting('search_path'), ',')) as named
        where nspname = replace(trim(both ' "' from named), '$user', current_user))) as shut
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname = any(${names}::text[]) and nspname <> 'telesweep' and nspname !~ '^pg_|^information_schema$'
    order by place nulls last, nspname, relname`.execute(db);
  return rows;
}

/**
 * Decides by what the names resolve to, as a bot's and a job's own statements do: the schema where they stand, else the
 * first of the search path.
 * @returns problems where no schema of the path stands, or may be used, or where the names lead to several
 */
export function chooseBotsSchema(path: readonly string[], found: readonly NamedRelation[]): BotsSchema | string[] {
  const [first] = path;
  const shut = found.find((relation) => relation.shut);
  if (shut) {
    const problem = `search_path: the role may not use schema ${shut.schema} of it, where ${shut.name} stands`;
    return [`${problem}; grant usage on schema ${shut.schema} to the role, or leave it out of the path`];
  }
  if (first === undefined) return ['search_path: no schema of it stands; create one, or set another search_path'];
  const resolved = new Map<string, NamedRelation>();
  for (const relation of found) {
    if (relation.place !== null && !resolved.has(relation.name)) resolved.set(relation.name, relation);
  }
  const schemas = [...new Set([...resolved.values()].map(({ schema }) => schema))];
  const [schema] = schemas;
  const written = path.join(', ');
  if (schema === undefined) {
    const why = path.length > 1 ? `the first on the search path (${written})` : 'the search path';
    return { schema: first, why: `${why}; none of the bots' tables stands on it yet` };
  }
  if (schemas.length > 1) {
    const told = [...resolved.values()].map((relation) => `${relation.schema}.${relation.name}`).sort();
    const problem = `search_path: the bots' tables stand in several schemas of it (${written}): ${told.join(', ')}`;
    return [`${problem}; expected all in one: move or rename those that are another program's, or name one schema`];
  }
  const behind = schema === first ? '' : `, behind ${first} on the search path`;
  return { schema, why: `the bots' tables stand there${behind}` };
}

/** The schema that SCHEMA names. @returns problems where it does not stand, or may not be used */
export async function namedSchema(
  db: QueryExecutorProvider,
  path: readonly string[],
  found: readonly NamedRelation[],
  setting: string,
): Promise<BotsSchema | string[]> {
  const shut = found.find((relation) => relation.shut && relation.schema === setting);
  if (shut) return [`SCHEMA: the role may not use schema ${setting}; grant usage on schema ${setting} to the role`];
  if (path.includes(setting)) return { schema: setting, why: 'as SCHEMA says' };
  const { rows } = await sql<{ schema: string }>`
    select nspname as schema from pg_namespace where nspname <> 'telesweep' and nspname !~ '^pg_|^information_schema$'
    order by nspname limit 20`.execute(db);
  const others = rows.map(({ schema }) => schema).join(', ');
  return [
    `SCHEMA: ${JSON.stringify(setting)} does not stand in this database; expected one of ${others}, or create it first`,
  ];
}
