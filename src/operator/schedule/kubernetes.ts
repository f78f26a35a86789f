import type { Job } from '../../job/job.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { parseDuration } from '../../settings/duration.ts';
import { intervalSeconds } from './calendar.ts';
import { needsOf, type ScheduleFile, type ScheduleRequest } from './request.ts';

/** What a job may take beyond the limit of its pass: pulling the image, and the waits between tries. */
const graceSeconds = 300;

/** Trying again at once would not help: failed items are kept for the operator, the others are the operator's to mend. */
const finalCodes = [
  exitCodes.failed,
  exitCodes.usage,
  exitCodes.defect,
  exitCodes.tokenRefused,
  exitCodes.settings,
].join(', ');

/** One CronJob a job. */
export function kubernetesManifests(request: ScheduleRequest): ScheduleFile[] {
  return request.jobs.map((job) => ({ name: `telesweep-${job.name}.yaml`, text: cronJob(job, request) }));
}

function cronJob(job: Job, request: ScheduleRequest): string {
  const { image, namespace, timeZone } = request;
  const cron = job.cron(request);
  const interval = intervalSeconds(cron);
  const maxRuntimeSeconds = (parseDuration(job.maxRuntime) ?? 0) / 1000;
  const secrets = secretsOf(job);
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
      # The pass itself ends after --max-runtime; this is for a pod that hangs.
      activeDeadlineSeconds: ${maxRuntimeSeconds + graceSeconds}
      # Tries again after 69 (unreachable) and 75 (stopped early), unless the next pass is as near.
      backoffLimit: ${interval <= 60 ? 0 : 3}
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
              values: [${finalCodes}]
      template:
        metadata:
          labels:
            app.kubernetes.io/name: telesweep
            app.kubernetes.io/component: ${job.name}
        spec:
          restartPolicy: Never
          # telesweep ends within 10 s of a SIGTERM.
          terminationGracePeriodSeconds: 20
          automountServiceAccountToken: false
          # Variables of services beside this one could be taken for misspelt settings.
          enableServiceLinks: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
            runAsGroup: 1000
            fsGroup: 1000
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: telesweep
              image: ${JSON.stringify(image)}
              args: [${job.name}, --max-runtime, ${job.maxRuntime}]
              env:
                - name: TIMEZONE
                  value: ${JSON.stringify(timeZone)}
${secrets.map(environment).join('')}${job.token === 'GUIDE_BOT_TOKEN' ? otherBot : ''}              envFrom:
                - configMapRef:
                    name: telesweep
                    optional: true
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
                # 0440 in octal, which not every reader of YAML knows.
                defaultMode: 288
                items:
${secrets.map(secretItem).join('')}`;
}

const secretsPath = '/etc/telesweep/secrets';

/** The one bot of most operators posts the guides as well. */
function secretsOf(job: Job): string[] {
  return job.token === null ? ['DATABASE_URL'] : ['DATABASE_URL', 'TELEGRAM_BOT_TOKEN'];
}

const otherBot = `                # Where another bot posts the guides: GUIDE_BOT_TOKEN_FILE here, and its key at the end.
`;

const keyOf = (setting: string): string => setting.toLowerCase().replaceAll('_', '-');

const environment = (setting: string): string => `                - name: ${setting}_FILE
                  value: ${secretsPath}/${keyOf(setting)}
`;

const secretItem = (setting: string): string => `                  - key: ${keyOf(setting)}
                    path: ${keyOf(setting)}
`;
