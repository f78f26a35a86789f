import type { Command } from 'commander';
import type { World } from '../world.ts';
import { addDoctor } from './doctor.ts';
import { addFailed } from './failed.ts';
import { addGuides } from './guides.ts';
import { addSchedule } from './schedule.ts';
import { addStatus } from './status.ts';

/** The commands for operators, in the order of `--help`. What they do is loaded when they are run. */
export function addOperatorCommands(program: Command, world: World, exit: (code: number) => void): void {
  addStatus(program, world, exit);
  addDoctor(program, world, exit);
  addFailed(program, world, exit);
  addGuides(program, world, exit);
  addSchedule(program, world, exit);
}
