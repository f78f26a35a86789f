/** Looks through everything that a scene's passes gave away for what no output may hold. */
import type { TestDatabase } from './postgres.ts';

/** The secrets among settings, in the forms in which they may turn up, each with a name that may be printed. */
function secretsOf(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const name of ['TELEGRAM_BOT_TOKEN', 'GUIDE_BOT_TOKEN', 'ALERT_BOT_TOKEN'] as const) {
    const token = env[name];
    if (token === undefined) continue;
    secrets.set(`${name} after its colon`, token.slice(token.indexOf(':') + 1));
  }
  if (env.ALERT_WEBHOOK_URL) secrets.set('ALERT_WEBHOOK_URL', new URL(env.ALERT_WEBHOOK_URL).pathname);
  const written = /:\/\/[^:@/]*:([^@]*)@/.exec(env.DATABASE_URL ?? '')?.[1];
  if (written) {
    secrets.set("the database's password as it stands in its address", written);
    secrets.set("the database's password", decodeURIComponent(written));
  }
  return secrets;
}

const shortest = 6;

/** So much of a secret is no coincidence, and too much to give away. */
const partLength = 10;

/** Every stretch of a secret that a text cut short might show. */
function partsOf(secret: string): string[] {
  const count = Math.max(0, secret.length - partLength + 1);
  return Array.from({ length: count }, (_, at) => secret.slice(at, at + partLength));
}

/** Collects texts and what must not stand in them. */
export class Recorder {
  readonly #secrets = new Map<string, string>();
  readonly #texts: { place: string; text: string }[] = [];

  knows(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, secret] of secretsOf(env)) {
      // What is malformed may be too short to be told from anything else.
      if (secret.length < shortest) continue;
      this.#secrets.set(`${name} (${secret.length} characters)`, secret);
      const escaped = JSON.stringify(secret).slice(1, -1);
      this.#secrets.set(`${name}, in JSON`, escaped);
      this.#secrets.set(`${name}, encoded for an address`, encodeURIComponent(secret));
      for (const [n, part] of partsOf(secret).entries()) this.#secrets.set(`part ${n + 1} of ${name}`, part);
    }
  }

  add(place: string, text: string): void {
    this.#texts.push({ place, text });
  }

  /** What telesweep keeps for itself: run records, leases, budgets; and the reasons that it writes on bots' rows. */
  async addDatabase(db: TestDatabase): Promise<void> {
    for (const line of await dumpDatabase(db)) this.add('the database', line);
  }

  /** Where which secret was found; empty when all is well. */
  leaks(): string[] {
    return this.#texts.flatMap(({ place, text }) =>
      [...this.#secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => `${name} stands in ${place}`),
    );
  }
}

/** Every row of every table, one line each, in an order of its own. */
export async function dumpDatabase(db: Pick<TestDatabase, 'query'>): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('public', 'telesweep') order by 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t order by 1`);
    lines.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return lines;
}
