import type { Command } from 'commander';
import type { JobName } from '../job.ts';
import type { World } from '../world.ts';
import { everyJob, jobOption } from './jobs.ts';
import { type Examples, subcommand } from './subcommand.ts';

const examples: Examples = [
  ['telesweep doctor', 'looks at everything; 1 where a job is kept from its work'],
  ['telesweep doctor --job cleanup-tokens --job reset-counts', 'only what these need: no token, for one'],
  [`telesweep doctor --json | jq '.findings[].text'`, 'for a program'],
];

const notes = `
Looked at: the settings; the database's version, clock, tables and rights; the
bots, and whether they may post in the guide channels; the guides' texts;
rows that can only fail; the run history against the schedule. It changes
nothing but what --accept-bot says, and asks Telegram only getMe, getChat and
getChatMember.
`;

export function addDoctor(program: Command, world: World, exit: (code: number) => void): void {
  subcommand(program, 'doctor', 'find what keeps a job from its work, and the way out', examples, notes)
    .addOption(jobOption())
    .option('--accept-bot', 'from now on the jobs work with the bot of TELEGRAM_BOT_TOKEN')
    .option('--json', 'print one JSON object on stdout')
    .option('--env-file <FILE>', 'read settings from FILE; the environment comes first')
    .action(async (flags: { job?: JobName[]; acceptBot?: true; json?: true; envFile?: string }) => {
      const { runDoctor } = await import('../operator/run-doctor.ts');
      const { job: jobs = null, acceptBot = false, json = false, envFile = null } = flags;
      exit(await runDoctor({ jobs, everyJob, acceptBot, json, envFile }, world));
    });
}
