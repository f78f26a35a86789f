import type { Job } from '../job/job.ts';
import { jobsOption, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

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

export function addDoctor({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'doctor', 'find what keeps a job from its work, and the way out', examples, notes)
    .addOption(jobsOption(jobs))
    .option('--accept-bot', 'from now on the jobs work with the bot of TELEGRAM_BOT_TOKEN');
  withShared(command).action(async (flags: SharedFlags & { job?: readonly Job[]; acceptBot?: true }) => {
    const { runDoctor } = await import('../operator/doctor/run-doctor.ts');
    const { job: asked = null, acceptBot = false } = flags;
    exit(await runDoctor({ ...sharedOf(flags), jobs, asked, acceptBot }, world));
  });
}
