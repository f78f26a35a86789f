/** Flags that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Job } from '../job/job.ts';

/** As commander hands them over. */
export interface SharedFlags {
  json?: boolean;
  envFile?: string;
}

export const envFileHelp = 'read settings from FILE; the environment comes first';

/** The last two flags of every command. @param shown what stands on stdout with `--json`, as one object */
export function withShared(command: Command, shown = 'the result', envFile = envFileHelp): Command {
  return command.option('--json', `print ${shown} as one JSON object on stdout`).option('--env-file <FILE>', envFile);
}

export function sharedOf({ json = false, envFile }: SharedFlags): { json: boolean; envFile: string | null } {
  return { json, envFile: envFile ?? null };
}

/** `--job`, which may be given again. */
export function jobsOption(jobs: readonly Job[]): Option {
  return new Option('--job <JOB>', 'this job alone; may be given again').argParser(
    (name: string, before: Job[] | undefined) => {
      const job = jobs.find((known) => known.name === name);
      if (job === undefined) throw new InvalidArgumentError(`expected ${jobs.map((known) => known.name).join(', ')}.`);
      return [...new Set([...(before ?? []), job])];
    },
  );
}
