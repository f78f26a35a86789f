import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

type Db = Kysely<Database>;

/** A guide as it stands in its table. What a bot or a person may have written is checked where it is posted. */
export interface Guide {
  id: string;
  position: number | null;
  title: string | null;
  description: string | null;
  url: string | null;
  enabled: boolean;
  /** MarkdownV2 to post in place of title and description. */
  markdown: string | null;
}

/** Every guide, in the order of (position, id), whatever the database's collation; those without a position come last. */
export async function readGuides(db: Db, options: { lock?: boolean } = {}): Promise<Guide[]> {
  const { rows } = await sql<Guide>`
    select id::text, position::float8, title::text, description::text, url::text, coalesce(enabled, true) as enabled, markdown
    from $bots.guides ${options.lock ? sql`for update` : sql``}`.execute(db);
  return rows.sort(compareGuides);
}

/** The order of the rotation. */
export function compareGuides(a: Pick<Guide, 'id' | 'position'>, b: Pick<Guide, 'id' | 'position'>): number {
  const [left, right] = [a.position ?? Number.POSITIVE_INFINITY, b.position ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left < right ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/**
 * Adds guides and replaces those that have the same id.
 * @returns the ids that were written: a trigger or rule of the table may hold others back
 */
export async function writeGuides(db: Db, guides: readonly Guide[]): Promise<string[]> {
  if (guides.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    insert into $bots.guides (id, position, title, description, url, enabled, markdown)
    select * from unnest(
      ${guides.map(({ id }) => id)}::text[], ${guides.map(({ position }) => position)}::int[],
      ${guides.map(({ title }) => title)}::text[], ${guides.map(({ description }) => description)}::text[],
      ${guides.map(({ url }) => url)}::text[], ${guides.map(({ enabled }) => enabled)}::boolean[],
      ${guides.map(({ markdown }) => markdown)}::text[])
    on conflict (id) do update
      set position = excluded.position, title = excluded.title, description = excluded.description, url = excluded.url,
          enabled = excluded.enabled, markdown = excluded.markdown
    returning id::text`.execute(db);
  return rows.map(({ id }) => id);
}

/** @returns the ids that are gone */
export async function removeGuides(db: Db, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    delete from $bots.guides where id = any(${[...ids]}::text[]) returning id::text`.execute(db);
  return rows.map(({ id }) => id);
}
