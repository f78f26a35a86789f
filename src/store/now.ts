import type { Connection } from './connect.ts';
import { instantText, readInstant } from './instant.ts';

/** The database's clock. */
export async function readNow(connection: Connection): Promise<Date> {
  const [row] = await connection.query<{ now: string }>(`select ${instantText('now()')} as now`);
  return row === undefined ? new Date() : readInstant(row.now);
}
