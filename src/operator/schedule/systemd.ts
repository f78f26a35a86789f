import type { Job } from '../../job/job.ts';
import { parseDuration } from '../../settings/duration.ts';
import { onCalendar } from './calendar.ts';
import { needsOf, type ScheduleFile, type ScheduleRequest } from './request.ts';

/** What a pass may take beyond its own limit before systemd ends it: calls under way, the record, the reports. */
const graceSeconds = 60;

/** A service and a timer for each job. */
export function systemdUnits(request: ScheduleRequest): ScheduleFile[] {
  return request.jobs.flatMap((job) => [
    { name: `telesweep-${job.name}.service`, text: service(job, request) },
    { name: `telesweep-${job.name}.timer`, text: timer(job, request) },
  ]);
}

function service(job: Job, request: ScheduleRequest): string {
  const envFile = request.envFile ?? '/etc/telesweep/telesweep.env';
  const { maxRuntime } = job;
  const longest = (parseDuration(maxRuntime) ?? 0) / 1000 + graceSeconds;
  return `# Needs ${needsOf(job).join(', ')} in ${envFile}, which root alone needs to read,
# and the tables: telesweep migrate --env-file ${envFile}
[Unit]
Description=telesweep: ${job.summary}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
LoadCredential=telesweep.env:${envFile}
ExecStart=telesweep ${job.name} --env-file \${CREDENTIALS_DIRECTORY}/telesweep.env --max-runtime ${maxRuntime}
# Stopped early with work left: the next pass goes on.
SuccessExitStatus=75
# telesweep ends by itself before this, and within 10 s of a SIGTERM.
TimeoutStartSec=${longest}
TimeoutStopSec=15

DynamicUser=yes
# For METRICS_TEXTFILE_DIR: let a group write to it, and name both here.
#SupplementaryGroups=
#ReadWritePaths=
UMask=0077
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

function timer(job: Job, request: ScheduleRequest): string {
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
