import { statSync } from 'node:fs';
import { parseDuration } from '../../settings/duration.ts';
import { intervalSeconds, onCalendar } from './calendar.ts';
import { plainPath } from './place.ts';
import {
  finalCodes,
  fineCodes,
  limitOf,
  needsOf,
  type Scheduled,
  type ScheduleFile,
  type ScheduleRequest,
  shortInterval,
} from './request.ts';

/** What a pass may take beyond its own limit before systemd ends it: calls under way, the record, the reports. */
const graceSeconds = 60;

const restartSeconds = 30;

/** A try may wait half a minute for the database: so long from one to the next at most, with room to spare. */
const tryToTrySeconds = 90;

/** A service and a timer for each job. */
export function systemdUnits(request: ScheduleRequest): ScheduleFile[] {
  return request.jobs.flatMap((job) => [
    { name: `telesweep-${job.name}.service`, text: service(job, request) },
    { name: `telesweep-${job.name}.timer`, text: timer(job, request) },
  ]);
}

function service(job: Scheduled, request: ScheduleRequest): string {
  const { envFile, place } = request;
  const { name, command = name, maxRuntime } = job;
  const longest = (parseDuration(maxRuntime) ?? 0) / 1000 + graceSeconds;
  const { limit, restart } = retries(intervalSeconds(job.cron(request)));
  return `# Needs ${needsOf(job).join(', ')} in ${envFile}, which root alone needs to read,
# and the tables: telesweep migrate --env-file ${envFile}
# Then: systemctl daemon-reload && systemctl enable --now telesweep-${job.name}.timer
# What is yours belongs into systemctl edit telesweep-${job.name}.service, where the next print leaves it alone.
[Unit]
Description=telesweep: ${job.summary}
Wants=network-online.target
# Where PostgreSQL runs on this machine, it comes first.
After=network-online.target postgresql.service
${limit}# A unit of yours that tells somebody of a failed pass.
#OnFailure=

[Service]
Type=oneshot
SyslogIdentifier=telesweep
LoadCredential=telesweep.env:${envFile}
ExecStart=${place.exec} ${command} --env-file \${CREDENTIALS_DIRECTORY}/telesweep.env${['', ...limitOf(job)].join(' ')}
# Stopped early with work left: the next pass goes on.${job.tells === undefined ? '' : ' What is not well was told.'}
SuccessExitStatus=${fineCodes(job).join(' ')}
${restart}# telesweep ends by itself before this, and within 10 s of a SIGTERM.
TimeoutStartSec=${longest}
TimeoutStopSec=15

DynamicUser=yes
${metrics(request.metricsDir)}UMask=0077
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
MemoryMax=256M
`;
}

/** The tries are over in half an interval, so that the next pass of the timer finds none of them in its way. */
function retries(interval: number): { limit: string; restart: string } {
  if (interval <= shortInterval) return { limit: '', restart: '' };
  const window = interval / 2;
  const burst = Math.min(20, Math.max(1, Math.floor(window / tryToTrySeconds)));
  return {
    limit: `# So many tries, then it has failed.
StartLimitIntervalSec=${window}
StartLimitBurst=${burst}
`,
    restart: `# Unreachable or hung: tried again. Not after failed items, wrong usage, a defect, a refused token, wrong settings.
Restart=on-failure
RestartPreventExitStatus=${finalCodes.join(' ')}
RestartSec=${restartSeconds}
`,
  };
}

/** The folder of the metrics, and the group that may write there, where that can be seen. */
function metrics(folder: string | null): string {
  if (folder === null || !plainPath.test(folder)) {
    return `# For METRICS_TEXTFILE_DIR: print again with it in the env file, or name in systemctl edit the folder and a group that may write.
#SupplementaryGroups=
#ReadWritePaths=
`;
  }
  const group = writingGroup(folder);
  const groups =
    group === null ? `# Let a group write to it, and name the group here.\n#` : '# The group that may write to it.\n';
  return `# METRICS_TEXTFILE_DIR.
ReadWritePaths=-${folder}
${groups}SupplementaryGroups=${group ?? ''}
`;
}

/** The number of the folder's group; null where the group may not write, is root's, or cannot be seen here. */
function writingGroup(folder: string): number | null {
  try {
    const { gid, mode } = statSync(folder);
    return gid !== 0 && (mode & 0o020) !== 0 ? gid : null;
  } catch {
    return null;
  }
}

function timer(job: Scheduled, request: ScheduleRequest): string {
  return `[Unit]
Description=telesweep: when to ${job.summary}

[Timer]
OnCalendar=${onCalendar(job.cron(request), request.timeZone)}
AccuracySec=1s
# What the machine slept through is made up for once.
Persistent=yes

[Install]
WantedBy=timers.target
`;
}
