/** What `telesweep migrate` prints. */
import type { Step } from '../../tables/step.ts';
import { lockedTables } from './brief-lock.ts';
import type { Migrated } from './migrate.ts';
import { type MigrationPlan, recordSql } from './plan-migration.ts';

export interface Told {
  dryRun: boolean;
  down: boolean;
}

export function planAsJson({ place, steps, notes, interrupted }: Migrated, { dryRun }: Told): string {
  const { schema, why } = place ?? { schema: null, why: null };
  const listed = steps.map(({ migration, what }) => ({ migration, step: what }));
  return `${JSON.stringify({ dry_run: dryRun, schema, why, steps: listed, notes, interrupted })}\n`;
}

export function planAsText({ place, steps, notes, interrupted }: Migrated, { dryRun, down }: Told): string {
  const nothing = steps.length === 0 && !interrupted;
  const done = dryRun ? 'telesweep migrate would do this (nothing was changed):' : 'Done:';
  const lines = [
    nothing ? 'The database is up to date: nothing to do.' : done,
    ...steps.map(({ what }) => `  ${what}`),
    ...(place === null ? [] : [`Schema ${place.schema}: ${place.why}.`]),
    ...notes.map((note) => noteLine(note, down)),
    ...(interrupted ? ['Stopped by a signal: telesweep migrate goes on from here.'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Everything as psql takes it. */
export function planAsSql({ place, steps, notes }: MigrationPlan, { down }: Pick<Told, 'down'>): string {
  const told = ({ what, sql }: Step): string => `-- ${what}\n${sql};`;
  const within = steps.filter(({ apart }) => !apart);
  const onStanding = within.filter(({ table }) => table !== undefined);
  const lines = [
    `-- Schema ${place.schema}: ${place.why}.`,
    ...notes.map((note) => `-- ${noteLine(note, down)}`),
    ...(steps.length === 0
      ? ['-- Nothing to do.']
      : ['\\set ON_ERROR_STOP on', 'begin;', "set local lock_timeout = '1s';"]),
    ...within.filter(({ table }) => table === undefined).map(told),
    ...(steps.length === 0 || down ? [] : [`${recordSql()};`]),
    ...lockedTables(onStanding).map((table) => `lock table ${table} in access exclusive mode;`),
    ...onStanding.map(told),
    ...(steps.length === 0 ? [] : ['commit;']),
    ...steps.filter(({ apart }) => apart).map(told),
  ];
  return `${lines.join('\n')}\n`;
}

function noteLine(note: string, down: boolean): string {
  return `${down ? 'Stays' : 'Note'}: ${note}.`;
}
