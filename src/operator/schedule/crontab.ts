import {
  commandOf,
  cronOf,
  limitOf,
  needsOf,
  passFlags,
  type ScheduleFile,
  type ScheduleRequest,
  type SettingsPlace,
  settingsFlags,
  whyTheseTimes,
} from './request.ts';

/** The crontab of one user: `crontab FILE` installs it. */
export function crontab(request: ScheduleRequest): ScheduleFile[] {
  const { jobs, timeZone, settings, place, environment, name: bot } = request;
  const flags = settingsFlags(settings).join(' ');
  const why = whyTheseTimes(request);
  const head = `# telesweep in cron, as \`telesweep schedule crontab\` prints it. Add it to \`crontab -e\` of the user that shall run it;
# root is not needed. Or let \`crontab FILE\` put it in place of all that stands there.

# cron's own PATH is short: name the folders of telesweep and of node (\`command -v telesweep node\`).
PATH=${place.path}
${environment.length === 0 ? '' : `# Of this environment, for Node, which reads them before any env file.\n${environment.join('\n')}\n`}
# What a line prints is mailed here. With --quiet that is warnings and errors alone. Where \`command -v sendmail\`
# finds nothing, every mail is lost: then let \`doctor --alert\` or PING_URL tell of passes that fail, or end a line with
#   2>>"$HOME/telesweep.log"
# and let logrotate keep that file small; without --quiet it tells of every pass.
MAILTO=root

${whereSettings(settings)}
# A % has a meaning of its own in a crontab: never write a secret into a line.
# The tables must be there first: telesweep migrate ${flags}

# The times are meant in TIMEZONE, ${timeZone}. cronie goes by this line; Debian's cron does not know it and goes by the
# machine's clock: there, write the hours as the machine has them.
CRON_TZ=${timeZone}

${why === null ? '' : `# ${why}\n`}# Passes may overlap: the second one leaves at once. Two machines may hold the same lines.
`;
  const lines = jobs.map((job) => {
    const pass = [job.name, ...limitOf(job), '--quiet', ...passFlags(job, settings)].join(' ');
    const command = commandOf(job, request) ?? pass;
    return `
# ${bot === null ? '' : `${bot}: `}${job.summary}; needs ${needsOf(job).join(', ')}
${cronOf(job, request)}  ${place.command} ${command} ${flags}
`;
  });
  return [{ name: `crontab${bot === null ? '' : `-${bot}`}.example`, text: [head, ...lines].join('') }];
}

function whereSettings(settings: SettingsPlace): string {
  if (settings.kind === 'file') {
    return `# The settings stand in ${settings.path} (see .env.example), which holds a token and a password: chmod 600 it.`;
  }
  const files = settings.kind === 'bot' ? settings.file : 'a file NAME.env for each bot';
  return `# The settings stand in ${settings.path} (see .env.example): in ${files}, and for all bots in common.env.
# They hold tokens and passwords: chmod 700 the directory, or 750 where a group reads it.`;
}
