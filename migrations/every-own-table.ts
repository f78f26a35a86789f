import type { WantedTable } from '../src/tables/wanted-table.ts';
import { ownTables } from './0001-own-tables.ts';
import { addedTables } from './0002-additions.ts';
import { totalsTable } from './0003-totals.ts';
import { alertsTable } from './0004-alerts.ts';
import { dailyTables } from './0006-daily.ts';

/** All tables in telesweep's schema, whichever migration makes them. */
export const everyOwnTable: readonly WantedTable[] = [
  ...ownTables,
  ...addedTables,
  totalsTable,
  alertsTable,
  ...dailyTables,
];
