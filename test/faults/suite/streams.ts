/** Closed streams, full disks: where output cannot go must change nothing of what a pass does and tells by its exit code. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../support/run.ts';
import { type Findings, nothingFound, placed } from './findings.ts';
import type { Laid, Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

/** A shell's words round the program, and what the test does with the pipes it gets. */
interface Ending {
  name: string;
  shell: string;
  close: readonly ('stdout' | 'stderr')[];
}

const program = '"$0" "$@"';

const endings: readonly Ending[] = [
  { name: 'stdout is a pipe that nobody reads (`| head`)', shell: `exec ${program}`, close: ['stdout'] },
  { name: 'stderr is a pipe that nobody reads', shell: `exec ${program}`, close: ['stderr'] },
  { name: 'both are pipes that nobody reads', shell: `exec ${program}`, close: ['stdout', 'stderr'] },
  { name: 'stdout closed (`>&-`)', shell: `exec ${program} >&-`, close: [] },
  { name: 'stderr closed (`2>&-`)', shell: `exec ${program} 2>&-`, close: [] },
  { name: 'all closed', shell: `exec ${program} <&- >&- 2>&-`, close: [] },
  { name: 'stdout on a full disk (/dev/full)', shell: `exec ${program} >/dev/full`, close: [] },
  { name: 'stderr on a full disk (/dev/full)', shell: `exec ${program} 2>/dev/full`, close: [] },
];

/** Each ending, with a log for people and with JSON; then a pass that must fail, whose code must still tell so. */
/** @param which by a piece of their names; all where it is left out */
export function closedStreams(load: Load, which = ''): Trial[] {
  const chosen = endings.filter(({ name }) => name.includes(which));
  return chosen.map((ending) => ({
    part: 'operators',
    what: ending.name,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      for (const flags of [['--json'], ['--log-level', 'debug']]) {
        const laid = await stage.layOut(load, { items: 3 });
        const good = await endOf(stage, load, laid, ending, flags, {});
        if (good !== laid.firstCode) found.wrong.push(`${flags[0]}: ${good} instead of ${laid.firstCode}`);
        const bad = await endOf(stage, load, laid, ending, [...flags, '--max-runtime', '3s'], {
          DATABASE_URL: 'postgres://nobody@127.0.0.1:9/x',
        });
        if (bad !== 69) found.wrong.push(`${flags[0]}, no database: ${bad} instead of 69`);
        found.times += 2;
        await stage.finish(load.job, laid, found.wrong);
        await stage.account(load.job, laid, found);
      }
      return found;
    },
  }));
}

/** @returns the exit code, or the signal that ended it */
function endOf(
  { scene }: Stage,
  load: Load,
  laid: Laid,
  ending: Ending,
  flags: readonly string[],
  env: Record<string, string>,
): Promise<number | string | null> {
  const child = spawn('sh', ['-c', ending.shell, process.execPath, bundle, load.job, ...flags], {
    env: { PATH: process.env.PATH, ...scene.env, ...laid.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const name of ['stdout', 'stderr'] as const) {
    if (ending.close.includes(name)) child[name].destroy();
    else child[name].resume();
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

const folders = ['full', 'read-only', 'missing', 'a file'] as const;

/** A metrics folder that cannot be written to: a warning, and nothing else. */
export function badMetricsFolder(load: Load): Trial {
  return {
    part: 'operators',
    what: 'metrics folder full, read-only, missing, or no folder',
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      for (const kind of folders) addWrong(found, await playFolder(stage, load, kind));
      return found;
    },
  };
}

function addWrong(sum: Findings, one: Findings): void {
  sum.times += one.times;
  sum.lost.push(...one.lost);
  sum.wrong.push(...one.wrong);
}

async function playFolder(stage: Stage, load: Load, kind: (typeof folders)[number]): Promise<Findings> {
  const found = nothingFound();
  const folder = mkdtempSync(join(tmpdir(), 'telesweep-metrics-'));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const dir = { full: folder, 'read-only': '/proc', missing: join(folder, 'missing'), 'a file': file }[kind];
  const laid = await stage.layOut(load, { items: 2 });
  const env = { ...stage.scene.env, ...laid.env, METRICS_TEXTFILE_DIR: dir };
  // A limit of zero bytes on files: a disk that takes no byte more, without one.
  const limit = kind === 'full' ? "trap '' XFSZ; ulimit -f 0; " : '';
  const { code, stderr } = await runInShell(`${limit}exec ${program}`, [bundle, load.job], env);
  stage.scene.note('stderr of a pass with a bad metrics folder', stderr);
  found.times = 1;
  if (code !== laid.firstCode) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
  if (!stderr.includes('METRICS_TEXTFILE_DIR')) found.wrong.push(`no word about it: ${lastLines(stderr)}`);
  const rest = readdirSync(folder).filter((name) => name !== 'file');
  if (rest.length > 0) found.wrong.push(`left behind: ${rest}`);
  rmSync(folder, { recursive: true, force: true });
  await stage.finish(load.job, laid, found.wrong);
  await stage.account(load.job, laid, found);
  return placed(found, kind);
}

function runInShell(
  shell: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawn('sh', ['-c', shell, process.execPath, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
}
