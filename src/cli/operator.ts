import type { Command } from 'commander';
import type { World } from '../world.ts';

/** The commands for operators, in the order of `--help`. What they do is loaded when they are run. */
export function addOperatorCommands(_program: Command, _world: World, _exit: (code: number) => void): void {}
