import { Option } from 'commander';
import type { Job } from '../job/job.ts';
import { jobsOption, type SharedFlags, sharedOf, withShared } from './flags.ts';
import { type Door, type Examples, subcommand } from './subcommand.ts';

const examples: Examples = [
  ['telesweep doctor', 'looks at everything; 1 where a job is kept from its work'],
  ['telesweep doctor --job cleanup-tokens --job reset-counts', 'only what these need: no token, for one'],
  ['telesweep doctor --alert', 'for cron: tells ALERT_CHAT_ID and ALERT_WEBHOOK_URL what is not well'],
  [`telesweep doctor --json | jq '.findings[].text'`, 'for a program'],
];

const notes = `
Looked at: the settings; the database's version, clock, tables and rights; the
bots, and whether they may post in the guide channels; the guides' texts;
rows that can only fail; the run history against the schedule. It changes
nothing but what --accept-bot says, and asks Telegram only getMe, getChat and
getChatMember. --alert prints nothing while there is nothing to tell.
`;

interface DoctorArguments extends SharedFlags {
  job?: readonly Job[];
  acceptBot?: true;
  alert?: true;
  dryRun?: true;
}

export function addDoctor({ program, world, jobs, exit }: Door): void {
  const command = subcommand(program, 'doctor', 'find what keeps a job from its work, and the way out', examples, notes)
    .addOption(jobsOption(jobs))
    .option('--accept-bot', 'from now on the jobs work with the bot of TELEGRAM_BOT_TOKEN')
    .addOption(new Option('--alert', 'tell people, once for each incident').conflicts(['job', 'acceptBot']))
    .option('--dry-run', 'with --alert: print what it would send, and send nothing');
  withShared(command).action(async (flags: DoctorArguments) => {
    const { alert = false, dryRun = false } = flags;
    if (alert) {
      const { runAlert } = await import('../operator/alert/run-alert.ts');
      exit(await runAlert({ ...sharedOf(flags), jobs, dryRun }, world));
      return;
    }
    if (dryRun) command.error('error: --dry-run is for --alert alone; doctor itself changes nothing');
    const { runDoctor } = await import('../operator/doctor/run-doctor.ts');
    const { job: asked = null, acceptBot = false } = flags;
    exit(await runDoctor({ ...sharedOf(flags), jobs, asked, acceptBot }, world));
  });
}
