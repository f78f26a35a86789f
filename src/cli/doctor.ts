import { Option } from 'commander';
import type { Job } from '../job/job.ts';
import { goTheWay, type Ways, withBots } from './bots.ts';
import { type BotFlag, jobsOption, type SharedFlags } from './flags.ts';
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

interface DoctorArguments extends SharedFlags, BotFlag {
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
  withBots(command).action(async (flags: DoctorArguments) => {
    const { alert = false, dryRun = false, job: asked = null, acceptBot = false } = flags;
    if (dryRun && !alert) command.error('error: --dry-run is for --alert alone; doctor itself changes nothing');
    exit(await goTheWay(command, flags, world, alert ? alertWays(dryRun) : doctorWays(asked, acceptBot)));
  });

  const alertWays = (dryRun: boolean): Ways => ({
    async one(shared) {
      const { runAlert } = await import('../operator/alert/run-alert.ts');
      return runAlert({ ...shared, jobs, dryRun }, world);
    },
    async each(directory, shared) {
      const { runForEach } = await import('../operator/bots/each.ts');
      const { runAlert } = await import('../operator/alert/run-alert.ts');
      return runForEach('doctor', directory, { ...shared, jobs, dryRun }, world, runAlert);
    },
  });
  const doctorWays = (asked: readonly Job[] | null, acceptBot: boolean): Ways => ({
    async one(shared) {
      const { runDoctor } = await import('../operator/doctor/run-doctor.ts');
      return runDoctor({ ...shared, jobs, asked, acceptBot }, world);
    },
    async each(directory, shared) {
      if (acceptBot) command.error('error: --accept-bot is meant for one bot: name it with --bot NAME');
      const { runDoctorOfBots } = await import('../operator/doctor/run-doctor-of-bots.ts');
      return runDoctorOfBots(directory, { ...shared, jobs, asked, acceptBot }, world);
    },
  });
}
