import { addBudget } from './budget.ts';
import { addDoctor } from './doctor.ts';
import { addFailed } from './failed.ts';
import { addGuides } from './guides.ts';
import { addMetrics } from './metrics.ts';
import { addMigrate } from './migrate.ts';
import { addSchedule } from './schedule.ts';
import { addStats } from './stats.ts';
import { addStatus } from './status.ts';
import type { Door } from './subcommand.ts';

/** The commands for operators, in the order of `--help`. What they do is loaded when they are run. */
export function addOperatorCommands(door: Door): void {
  for (const add of [
    addStatus,
    addStats,
    addDoctor,
    addFailed,
    addGuides,
    addBudget,
    addMetrics,
    addSchedule,
    addMigrate,
  ])
    add(door);
}
