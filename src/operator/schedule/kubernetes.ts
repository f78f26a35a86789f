import { createHash } from 'node:crypto';
import { exitCodes } from '../../process/exit-code.ts';
import { parseDuration } from '../../settings/duration.ts';
import { isSecret, settingsTable } from '../../settings/settings-table.ts';
import { intervalSeconds } from './calendar.ts';
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

/** What a job may take beyond the limit of its pass: pulling the image, and the waits between tries. */
const graceSeconds = 300;

const secretsPath = '/etc/telesweep/secrets';

/** The namespace with the settings, the tables, and one CronJob a job: in the order in which kubectl takes them from a folder. */
export function kubernetesManifests(request: ScheduleRequest): ScheduleFile[] {
  return [
    { name: 'namespace.yaml', text: namespaceAndSettings(request) },
    { name: 'telesweep-migrate.yaml', text: migration(request) },
    ...request.jobs.map((job) => ({ name: `telesweep-${job.name}.yaml`, text: cronJob(job, request) })),
  ];
}

function namespaceAndSettings(request: ScheduleRequest): string {
  const { namespace, jobs, given } = request;
  const secrets = new Set(['DATABASE_URL', ...jobs.flatMap((job) => secretsOf(job, given))]);
  const files = [...secrets].map((name) => `--from-file=${keyOf(name)}=./${keyOf(name)}`);
  const settings = Object.entries(settingsOf(request)).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`);
  const channels = given.GUIDE_CHAT_IDS === undefined ? '  # For post-guide: GUIDE_CHAT_IDS: "-1001234567890"\n' : '';
  const alerts = given.ALERT_CHAT_ID === undefined ? '  # For doctor --alert: ALERT_CHAT_ID: "-1001234567890"\n' : '';
  return `# Each secret in a file of its own, then:
#   kubectl --namespace ${namespace} create secret generic telesweep ${files.join(' ')}
apiVersion: v1
kind: Namespace
metadata:
  name: ${JSON.stringify(namespace)}
---
# All settings but the secrets. Where TIMEZONE or GUIDE_INTERVAL change, print the CronJobs again: their times go by both.
apiVersion: v1
kind: ConfigMap
metadata:
  name: telesweep
  namespace: ${JSON.stringify(namespace)}
data:
${settings.join('')}${channels}${alerts}`;
}

/** What the env file has, but for the folder of a machine; TIMEZONE always, because the CronJobs go by it. */
function settingsOf({ given, timeZone }: ScheduleRequest): Record<string, string> {
  const names = settingsTable.filter((setting) => !isSecret(setting)).map(({ name }) => name);
  const kept = names.filter((name) => name !== 'METRICS_TEXTFILE_DIR' && (given[name] ?? '') !== '');
  return { ...Object.fromEntries(kept.map((name) => [name, given[name] ?? ''])), TIMEZONE: timeZone };
}

/** A Job cannot be changed: what changes it changes its name. */
function migration({ image, namespace }: ScheduleRequest): string {
  const spec = `spec:
  backoffLimit: 3
  ttlSecondsAfterFinished: 86400
${indent(2, podTemplate('migrate', image, ['migrate'], ['DATABASE_URL']))}`;
  const mark = createHash('sha256').update(spec).digest('hex').slice(0, 8);
  return `# Makes the tables. Until it is done, passes end with ${exitCodes.settings}. Doing it again does no harm.
# With deploy/grants.sql: give it a Secret of its own, with the role telesweep_migrate.
apiVersion: batch/v1
kind: Job
metadata:
  name: telesweep-migrate-${mark}
  namespace: ${JSON.stringify(namespace)}
  labels:
    app.kubernetes.io/name: telesweep
    app.kubernetes.io/component: migrate
${spec}`;
}

function cronJob(job: Scheduled, request: ScheduleRequest): string {
  const { image, namespace, timeZone, given } = request;
  const cron = job.cron(request);
  const interval = intervalSeconds(cron);
  const maxRuntimeSeconds = (parseDuration(job.maxRuntime) ?? 0) / 1000;
  const { name, command = name } = job;
  const args = [...command.split(' '), ...limitOf(job)];
  const oneBot = job.token === 'GUIDE_BOT_TOKEN' && !givesGuideBot(given);
  const pod = { oneBot, fine: fineCodes(job) };
  return `# ${job.summary}
# Kubernetes 1.27 or later. Needs ${needsOf(job).join(', ')}:
# the secrets in the Secret "telesweep" under the keys below, other settings in the ConfigMap "telesweep" by their names.
apiVersion: batch/v1
kind: CronJob
metadata:
  name: telesweep-${job.name}
  namespace: ${JSON.stringify(namespace)}
  labels:
    app.kubernetes.io/name: telesweep
    app.kubernetes.io/component: ${job.name}
spec:
  schedule: ${JSON.stringify(cron)}
  # As TIMEZONE in the ConfigMap.
  timeZone: ${JSON.stringify(timeZone)}
  concurrencyPolicy: Forbid
  # Half an interval: later than that, the next pass is nearer.
  startingDeadlineSeconds: ${interval / 2}
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels:
        app.kubernetes.io/name: telesweep
        app.kubernetes.io/component: ${job.name}
    spec:
      # The pass itself ends before; this is for a pod that hangs.
      activeDeadlineSeconds: ${maxRuntimeSeconds + graceSeconds}
      # Tries again after ${exitCodes.unavailable} (unreachable), unless the next pass is as near.
      backoffLimit: ${interval <= shortInterval ? 0 : 3}
      podFailurePolicy:
        rules:
          # A node that is drained or full: not the pass's fault.
          - action: Ignore
            onPodConditions:
              - type: DisruptionTarget
                status: "True"
          # Failed items, wrong usage, a defect, a refused token, wrong settings: trying again would not help.
          - action: FailJob
            onExitCodes:
              containerName: telesweep
              operator: In
              values: [${finalCodes.join(', ')}]
${indent(6, podTemplate(job.name, image, args, secretsOf(job, given), pod))}`;
}

/** @param options `oneBot`: says how another bot gets in; `fine`: exit codes that are no failure */
function podTemplate(
  component: string,
  image: string,
  args: readonly string[],
  secrets: readonly string[],
  { oneBot = false, fine = [exitCodes.interrupted] }: { oneBot?: boolean; fine?: readonly number[] } = {},
): string {
  return `template:
  metadata:
    labels:
      app.kubernetes.io/name: telesweep
      app.kubernetes.io/component: ${component}
  spec:
    restartPolicy: Never
    # telesweep ends within 10 s of a SIGTERM.
    terminationGracePeriodSeconds: 20
    automountServiceAccountToken: false
    # Variables of services beside this one could be taken for misspelt settings.
    enableServiceLinks: false
    # The user is the image's, or the one that the platform gives.
    securityContext:
      runAsNonRoot: true
      seccompProfile:
        type: RuntimeDefault
    containers:
      - name: telesweep
        image: ${JSON.stringify(image)}
        # Stopped early with work left (${exitCodes.interrupted}) is no failed Job: the next pass goes on.${fine.length > 1 ? ` Nor is ${exitCodes.failed}: it was told.` : ''}
        command: [tini, ${fine.map((code) => `-e, "${code}"`).join(', ')}, --, telesweep]
        args: [${args.join(', ')}]
        env:
${secrets.map(environment).join('')}${oneBot ? otherBot : ''}        envFrom:
          - configMapRef:
              name: telesweep
        resources:
          requests:
            cpu: 50m
            memory: 96Mi
          limits:
            memory: 256Mi
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        volumeMounts:
          - name: secrets
            mountPath: ${secretsPath}
            readOnly: true
    volumes:
      - name: secrets
        secret:
          secretName: telesweep
          # 0444 in octal, which not every reader of YAML knows: whatever the user, who is alone in this pod.
          defaultMode: 292
          items:
${secrets.map(secretItem).join('')}`;
}

/** The secrets that the job works with; of the optional ones, those that the env file gives. */
function secretsOf(job: Scheduled, given: ScheduleRequest['given']): string[] {
  // Doctor looks at whatever there is.
  if (job.command !== undefined) return ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN', ...givenOf(optionalSecrets, given)];
  if (job.token === null) return ['DATABASE_URL', ...givenOf(['PUSHGATEWAY_URL', 'PING_URL'], given)];
  const token = job.token === 'GUIDE_BOT_TOKEN' && givesGuideBot(given) ? job.token : 'TELEGRAM_BOT_TOKEN';
  return ['DATABASE_URL', token, ...givenOf(['TELEGRAM_PROXY', 'PUSHGATEWAY_URL', 'PING_URL'], given)];
}

const optionalSecrets = settingsTable
  .filter(isSecret)
  .map(({ name }) => name)
  .filter((name) => name !== 'DATABASE_URL' && name !== 'TELEGRAM_BOT_TOKEN');

function givenOf(names: readonly string[], given: ScheduleRequest['given']): string[] {
  return names.filter((name) => [given[name], given[`${name}_FILE`]].some((value = '') => value !== ''));
}

/** The one bot of most operators posts the guides as well. */
const givesGuideBot = (given: ScheduleRequest['given']): boolean => givenOf(['GUIDE_BOT_TOKEN'], given).length > 0;

const otherBot = `          # Where another bot posts the guides: GUIDE_BOT_TOKEN_FILE here, and its key at the end.
`;

const keyOf = (setting: string): string => setting.toLowerCase().replaceAll('_', '-');

const environment = (setting: string): string => `          - name: ${setting}_FILE
            value: ${secretsPath}/${keyOf(setting)}
`;

const secretItem = (setting: string): string => `            - key: ${keyOf(setting)}
              path: ${keyOf(setting)}
`;

const indent = (spaces: number, text: string): string => text.replace(/^(?=.)/gm, ' '.repeat(spaces));
