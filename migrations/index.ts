import { tables } from './0001-tables.ts';
import { refusals } from './0002-refusals.ts';
import { totals } from './0003-totals.ts';
import { alerts } from './0004-alerts.ts';
import { schemas } from './0005-schemas.ts';
import { daily } from './0006-daily.ts';
import type { Migration } from './migration.ts';

/** All migrations, oldest first. */
export const migrations: readonly Migration[] = [tables, refusals, totals, alerts, schemas, daily];
