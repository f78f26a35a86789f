import { statSync } from 'node:fs';
import { parseDuration } from '../../settings/duration.ts';
import { intervalSeconds, onCalendar } from './calendar.ts';
import { nameFor } from './names.ts';
import { plainPath } from './place.ts';
import {
  commandOf,
  cronOf,
  finalCodes,
  fineCodes,
  limitOf,
  maxRuntimeAlone,
  memoryLimit,
  needsOf,
  passFlags,
  type Scheduled,
  type ScheduleFile,
  type ScheduleRequest,
  type SettingsPlace,
  settingsFlags,
  shortInterval,
  whyTheseTimes,
} from './request.ts';

/** What a pass may take beyond its own limit before systemd ends it: calls under way, the record, the reports. */
const graceSeconds = 60;

const restartSeconds = 30;

/** A try may wait half a minute for the database: so long from one to the next at most, with room to spare. */
const tryToTrySeconds = 90;

/** A service and a timer for each job. */
export function systemdUnits(request: ScheduleRequest): ScheduleFile[] {
  return request.jobs.flatMap((job) => {
    const unit = nameFor(request.name, job.name);
    return [
      { name: `${unit}.service`, text: service(job, unit, request) },
      { name: `${unit}.timer`, text: timer(job, request) },
    ];
  });
}

function service(job: Scheduled, unit: string, request: ScheduleRequest): string {
  const { settings, place, environment } = request;
  const command = commandOf(job, request) ?? job.name;
  const maxRuntime = maxRuntimeAlone(job, request);
  const longest = (parseDuration(maxRuntime) ?? 0) / 1000 + graceSeconds;
  const { limit, restart } = retries(intervalSeconds(cronOf(job, request)), settings);
  const { where, load, path, group } = accessTo(settings);
  const flags = [...settingsFlags(settings, path), ...limitOf({ ...job, maxRuntime }), ...passFlags(job, settings)];
  return `# Needs ${needsOf(job).join(', ')} in ${where},
# and the tables: telesweep migrate ${settingsFlags(settings).join(' ')}
# Then: systemctl daemon-reload && systemctl enable --now ${unit}.timer
# What is yours belongs into systemctl edit ${unit}.service, where the next print leaves it alone.
[Unit]
Description=${titleOf(request)}: ${job.summary}
Wants=network-online.target
# Where PostgreSQL runs on this machine, it comes first.
After=network-online.target postgresql.service
${limit}# A unit of yours that tells somebody of a failed pass.
#OnFailure=

[Service]
Type=oneshot
SyslogIdentifier=telesweep
${environment.map((line) => `Environment="${line}"\n`).join('')}${load}ExecStart=${place.exec} ${command} ${flags.join(' ')}
# Stopped early with work left: the next pass goes on.${job.tells === undefined ? '' : ' What is not well was told.'}
SuccessExitStatus=${fineCodes(job).join(' ')}
${restart}# telesweep ends by itself before this, and within 10 s of a SIGTERM.
TimeoutStartSec=${longest}
TimeoutStopSec=15

DynamicUser=yes
${group}${metrics(request.metricsDirs)}UMask=0077
CapabilityBoundingSet=
LockPersonality=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
# Node asks for some and does without them; it must not be killed for that.
SystemCallErrorNumber=EPERM
# A core would hold the secrets.
LimitCORE=0
MemoryMax=${memoryLimit(settings)}M
`;
}

const titleOf = ({ name }: ScheduleRequest): string => (name === null ? 'telesweep' : `telesweep (${name})`);

const credentials = `\${CREDENTIALS_DIRECTORY}`;

/**
 * How the user of a unit, who is made for each pass, comes to the settings. As credentials where their files are known; not so for
 * a directory: systemd would put its own name before those of the files, and one that has gone would fail the unit.
 */
function accessTo(settings: SettingsPlace): { where: string; load: string; path: string; group: string } {
  const { kind, path } = settings;
  switch (kind) {
    case 'file':
      return {
        where: `${path}, which root alone needs to read`,
        load: `LoadCredential=telesweep.env:${path}\n`,
        path: `${credentials}/telesweep.env`,
        group: '',
      };
    case 'bot':
      return {
        where: `${path}/${settings.file} or common.env there, which root alone needs to read`,
        load: `LoadCredential=${settings.file}:${path}/${settings.file}
LoadCredential=common.env:${path}/common.env
# Where there is none.
SetCredential=common.env:#
`,
        path: credentials,
        group: '',
      };
    case 'bots':
      return {
        where: `the files of ${path}, each bot's NAME.env or common.env`,
        load: '',
        path,
        group: `# The group that may read the directory and its files, and nobody else: groupadd --system telesweep;
# chgrp -R telesweep ${path}; chmod 750 ${path}; chmod 640 ${path}/*.env. The folders above must let it through: chmod a+x.
SupplementaryGroups=${groupThat(0o050, path) ?? 'telesweep'}
`,
      };
  }
}

/** The tries are over in half an interval, so that the next pass of the timer finds none of them in its way. */
function retries(interval: number, settings: SettingsPlace): { limit: string; restart: string } {
  if (interval <= shortInterval) return { limit: '', restart: '' };
  const window = interval / 2;
  const burst = Math.min(20, Math.floor(window / tryToTrySeconds));
  // The first start counts: with one of them there is none left to try again.
  if (burst < 2) return { limit: '', restart: '' };
  return {
    limit: `# So many starts, then it has failed; to start it by hand before the time is over: systemctl reset-failed.
StartLimitIntervalSec=${window}
StartLimitBurst=${burst}
`,
    restart: `${settings.kind === 'bots' ? whyRestartOfMany : whyRestart}
Restart=on-failure
RestartPreventExitStatus=${finalCodes(settings).join(' ')}
RestartSec=${restartSeconds}
`,
  };
}

const whyRestart =
  '# Unreachable or hung: tried again. Not after failed items, wrong usage, a defect, a refused token, wrong settings.';

const whyRestartOfMany = `# Unreachable or hung: tried again. Also after the defect, refused token or wrong settings of one bot, which may hide
# that another was unreachable; not after failed items, wrong usage.`;

/** The folders of the metrics, and the group that may write to each, where that can be seen. */
function metrics(folders: readonly string[]): string {
  const plain = folders.filter((folder) => plainPath.test(folder));
  if (plain.length === 0) {
    return `# For METRICS_TEXTFILE_DIR: print again with it in the env file, or name in systemctl edit the folder and a group that may write.
#SupplementaryGroups=
#ReadWritePaths=
`;
  }
  return plain.map(metricsFolder).join('');
}

function metricsFolder(folder: string): string {
  const group = groupThat(0o020, folder);
  const groups =
    group === null ? `# Let a group write to it, and name the group here.\n#` : '# The group that may write to it.\n';
  return `# METRICS_TEXTFILE_DIR.
ReadWritePaths=-${folder}
${groups}SupplementaryGroups=${group ?? ''}
`;
}

/** The number of the folder's group; null where the group may not do that, is root's, or cannot be seen here. */
function groupThat(may: number, folder: string): number | null {
  try {
    const { gid, mode } = statSync(folder);
    return gid !== 0 && (mode & may) === may ? gid : null;
  } catch {
    return null;
  }
}

function timer(job: Scheduled, request: ScheduleRequest): string {
  const why = whyTheseTimes(request);
  return `[Unit]
Description=${titleOf(request)}: when to ${job.summary}

[Timer]
${why === null ? '' : `# ${why}\n`}OnCalendar=${onCalendar(cronOf(job, request), request.timeZone)}
AccuracySec=1s
# What the machine slept through is made up for once.
Persistent=yes

[Install]
WantedBy=timers.target
`;
}
