import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { UsageError } from '../../process/errors.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { parseDuration } from '../../settings/duration.ts';
import { isSecret, settingsTable } from '../../settings/settings-table.ts';
import { intervalSeconds } from './calendar.ts';
import {
  botsPath,
  commonSecret,
  givesGuideBot,
  indent,
  keyOf,
  labels,
  objectName,
  type PodSettings,
  podTemplate,
  secretsOf,
  settingsOfAll,
  settingsOfOne,
} from './kubernetes-pod.ts';
import { cronJobName, kubernetesName } from './names.ts';
import {
  commandOf,
  cronOf,
  type Directory,
  finalCodes,
  fineCodes,
  limitOf,
  maxRuntimeAlone,
  needsOf,
  passFlags,
  type Scheduled,
  type ScheduleFile,
  type ScheduleRequest,
  shortInterval,
  whyTheseTimes,
} from './request.ts';

/** What a job may take beyond the limit of its pass: pulling the image, and the waits between tries. */
const graceSeconds = 300;

/** The namespace with the settings, the tables, and one CronJob a job: in the order in which kubectl takes them from a folder. */
export function kubernetesManifests(request: ScheduleRequest): ScheduleFile[] {
  const { jobs, settings } = request;
  if (settings.kind === 'bots') refuseAlike(settings);
  const bot = request.name === null ? null : kubernetesName(request.name);
  const named = { ...request, bot };
  return [
    { name: `namespace${bot === null ? '' : `-${bot}`}.yaml`, text: namespaceAndSettings(request) },
    { name: `${objectName(bot)}-migrate.yaml`, text: migration(request) },
    ...jobs.map((job) => ({ name: `${cronJobName(bot, job.name)}.yaml`, text: cronJob(job, named) })),
  ];
}

/** @throws UsageError where the Secrets of two bots would be one */
function refuseAlike({ files, path }: Directory): void {
  const before = new Map([[commonSecret, 'common.env']]);
  for (const { name, envFile } of files) {
    const file = basename(envFile);
    const secret = objectName(name);
    const other = before.get(secret);
    if (other !== undefined) {
      throw new UsageError(
        `--bots: ${other} and ${file} of ${path} would both be the Secret ${secret}; expected names that differ in more than capitals and . _ -`,
      );
    }
    before.set(secret, file);
  }
}

function namespaceAndSettings(request: ScheduleRequest): string {
  const { namespace, settings } = request;
  return `${settings.kind === 'bots' ? secretsOfAll(namespace, settings) : secretOfOne(request)}apiVersion: v1
kind: Namespace
metadata:
  name: ${JSON.stringify(namespace)}
${settings.kind === 'bots' ? '' : configMap(request)}`;
}

function secretOfOne({ namespace, jobs, given, name }: ScheduleRequest): string {
  const secrets = new Set(['DATABASE_URL', ...jobs.flatMap((job) => secretsOf(job, given))]);
  const files = [...secrets].map((secret) => `--from-file=${keyOf(secret)}=./${keyOf(secret)}`);
  return `# Each secret in a file of its own, then:
#   kubectl --namespace ${namespace} create secret generic ${objectName(name)} ${files.join(' ')}
`;
}

function secretsOfAll(namespace: string, { path, files, hasCommon }: Directory): string {
  const secrets = [
    ...(hasCommon ? [[commonSecret, 'common', 'common.env']] : []),
    ...files.map(({ name, envFile }) => [objectName(name), name, basename(envFile)]),
  ];
  const create = secrets.map(
    ([secret, name, file]) =>
      `#   kubectl --namespace ${namespace} create secret generic ${secret} --from-file=${name}.env=${path}/${file}\n`,
  );
  return `# A Secret for each bot, and one for what is common to all. To change one, add --dry-run=client --output=yaml | kubectl apply -f -
# Where a bot is added or goes, where TIMEZONE or GUIDE_INTERVAL change, print all of this again.
${create.join('')}`;
}

function configMap(request: ScheduleRequest): string {
  const { namespace, given, name } = request;
  const settings = Object.entries(settingsOf(request)).map(
    ([setting, value]) => `  ${setting}: ${JSON.stringify(value)}\n`,
  );
  const channels = given.GUIDE_CHAT_IDS === undefined ? '  # For post-guide: GUIDE_CHAT_IDS: "-1001234567890"\n' : '';
  const alerts = given.ALERT_CHAT_ID === undefined ? '  # For doctor --alert: ALERT_CHAT_ID: "-1001234567890"\n' : '';
  return `---
# All settings but the secrets. Where TIMEZONE or GUIDE_INTERVAL change, print the CronJobs again: their times go by both.
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${objectName(name)}
  namespace: ${JSON.stringify(namespace)}
data:
${settings.join('')}${channels}${alerts}`;
}

/** What the env file has, but for the folder of a machine; TIMEZONE always, because the CronJobs go by it. */
function settingsOf({ given, timeZone, name, settings }: ScheduleRequest): Record<string, string> {
  const names = settingsTable.filter((setting) => !isSecret(setting)).map((setting) => setting.name);
  const kept = names.filter((setting) => setting !== 'METRICS_TEXTFILE_DIR' && (given[setting] ?? '') !== '');
  return {
    ...Object.fromEntries(kept.map((setting) => [setting, given[setting] ?? ''])),
    // Of a bot that is one of a directory here and alone there.
    ...(settings.kind === 'bot' && name !== null ? { NAME: name } : {}),
    TIMEZONE: timeZone,
  };
}

/** A Job cannot be changed: what changes it changes its name. */
function migration(request: ScheduleRequest): string {
  const { namespace, settings, name } = request;
  const inputs = settings.kind === 'bots' ? settingsOfAll(settings, 1) : settingsOfOne(['DATABASE_URL'], request);
  const template = podTemplate('migrate', request, ['migrate', ...envFileFlag(request)], { settings: inputs });
  const spec = `spec:
  backoffLimit: 3
  ttlSecondsAfterFinished: 86400
${indent(2, template)}`;
  const mark = createHash('sha256').update(spec).digest('hex').slice(0, 8);
  return `# Makes the tables. Until it is done, passes end with ${exitCodes.settings}. Doing it again does no harm.
# With deploy/grants.sql: give it a Secret of its own, with the role telesweep_migrate.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${objectName(name)}-migrate-${mark}
  namespace: ${JSON.stringify(namespace)}
  labels:
${indent(4, labels(request, 'migrate'))}
${spec}`;
}

const envFileFlag = ({ settings }: ScheduleRequest): string[] =>
  settings.kind === 'bots' ? ['--env-file', botsPath] : [];

/** @param request `bot`: as names of Kubernetes have it */
function cronJob(job: Scheduled, request: ScheduleRequest & { bot: string | null }): string {
  const { namespace, timeZone, settings, bot } = request;
  const cron = cronOf(job, request);
  const interval = intervalSeconds(cron);
  const maxRuntime = maxRuntimeAlone(job, request);
  const maxRuntimeSeconds = (parseDuration(maxRuntime) ?? 0) / 1000;
  const { name } = job;
  const command = commandOf(job, request) ?? name;
  const args = [
    ...command.split(' '),
    ...limitOf({ ...job, maxRuntime }),
    ...envFileFlag(request),
    ...passFlags(job, settings),
  ];
  // Doctor looks at all bots at once.
  const shards = settings.kind === 'bots' && job.command === undefined ? settings.shards : 1;
  const template = podTemplate(name, request, args, { settings: inputsOf(job, request, shards), fine: fineCodes(job) });
  return `# ${job.summary}
# Kubernetes ${shards === 1 ? '1.27' : '1.29'} or later. Needs ${needsOf(job).join(', ')}:
# ${whereSettings(request)}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: ${cronJobName(bot, name)}
  namespace: ${JSON.stringify(namespace)}
  labels:
${indent(4, labels(request, name))}
spec:
  schedule: ${JSON.stringify(cron)}
  # ${whyTheseTimes(request) ?? `As TIMEZONE in ${settings.kind === 'bots' ? 'the env files' : 'the ConfigMap'}.`}
  timeZone: ${JSON.stringify(timeZone)}
  concurrencyPolicy: Forbid
  # Half an interval: later than that, the next pass is nearer.
  startingDeadlineSeconds: ${interval / 2}
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
${indent(8, labels(request, name))}
    spec:
${shards === 1 ? '' : `      # A pod for each share of the bots.\n      completionMode: Indexed\n      completions: ${shards}\n      parallelism: ${shards}\n`}      # The pass itself ends before; this is for a pod that hangs.
      activeDeadlineSeconds: ${maxRuntimeSeconds + graceSeconds}
      # Tries again after ${exitCodes.unavailable} (unreachable), unless the next pass is as near.
      ${shards === 1 ? 'backoffLimit' : 'backoffLimitPerIndex'}: ${interval <= shortInterval ? 0 : 3}
      podFailurePolicy:
        rules:
          # A node that is drained or full: not the pass's fault.
          - action: Ignore
            onPodConditions:
              - type: DisruptionTarget
                status: "True"
          # ${whyNotAgain(request, shards)}
          - action: ${shards === 1 ? 'FailJob' : 'FailIndex'}
            onExitCodes:
              containerName: telesweep
              operator: In
              values: [${finalCodes(settings).join(', ')}]
${indent(6, template)}`;
}

function inputsOf(job: Scheduled, request: ScheduleRequest, shards: number): PodSettings {
  const { settings, given } = request;
  if (settings.kind === 'bots') return settingsOfAll(settings, shards);
  const oneBot = job.token === 'GUIDE_BOT_TOKEN' && !givesGuideBot(given);
  return settingsOfOne(secretsOf(job, given), request, oneBot);
}

function whereSettings({ settings, name }: ScheduleRequest): string {
  if (settings.kind === 'bots') {
    return `each bot's in its Secret, those of all in the Secret "${commonSecret}", as env files.`;
  }
  const object = objectName(name);
  return `the secrets in the Secret "${object}" under the keys below, other settings in the ConfigMap "${object}" by their names.`;
}

function whyNotAgain({ settings }: ScheduleRequest, shards: number): string {
  if (settings.kind !== 'bots') {
    return 'Failed items, wrong usage, a defect, a refused token, wrong settings: trying again would not help.';
  }
  const others = shards === 1 ? '' : ' The other shares go on.';
  return `Failed items, wrong usage: trying again would not help. Another fault of one bot may hide that a second was unreachable.${others}`;
}
