import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { World } from '../../process/world.ts';

/** What goes unquoted into a crontab and into a unit must not mean anything there. */
export const plainPath = /^\/[\w./@+-]*$/;

/** How the lines of cron and the units of systemd find telesweep and its Node. */
export interface Place {
  /** For cron: `PATH`. */
  path: string;
  /** For cron: the program, as its `PATH` finds it. */
  command: string;
  /** For `ExecStart=`. */
  exec: string;
  /** What stands where no unit may look; null where all is well. */
  hidden: string | null;
  /** What was left to the usual folders, because its path would need quotes; null where all is well. */
  odd: string | null;
}

/** systemd looks there for a program, and cron is told to. */
const usualFolders = ['/usr/local/bin', '/usr/bin', '/bin'];

/** What the units take from sight, by ProtectHome and PrivateTmp. */
export const hiddenFolders = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;

export function placeOf(program: World['program']): Place {
  const odd =
    program === undefined ? null : ([program.node, program.script].find((path) => !plainPath.test(path)) ?? null);
  if (program === undefined || odd !== null) {
    return { path: usualFolders.join(':'), command: 'telesweep', exec: 'telesweep', hidden: null, odd };
  }
  const { node, script } = program;
  const byName = basename(script) === 'telesweep';
  const folders = [...(byName ? [dirname(script)] : []), dirname(node)].filter(
    (folder) => !usualFolders.includes(folder),
  );
  const isUsual = byName && folders.length === 0;
  return {
    path: [...new Set(folders), ...usualFolders].join(':'),
    command: byName ? 'telesweep' : script,
    exec: isUsual ? 'telesweep' : `${node} -- ${script}`,
    hidden: [node, script, realPath(script)].find((path) => hiddenFolders.test(path)) ?? null,
    odd: null,
  };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
