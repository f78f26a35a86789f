import { exitCodes } from '../../process/exit-code.ts';
import { isSecret, settingsTable } from '../../settings/settings-table.ts';
import { kubernetesName } from './names.ts';
import { type Directory, memoryLimit, type Scheduled, type ScheduleRequest } from './request.ts';

const secretsPath = '/etc/telesweep/secrets';

/** Where the env files of a directory's bots are mounted. */
export const botsPath = '/etc/telesweep/bots';

/** How the settings come into a pod: lines of YAML, each block indented as it stands in the template. */
export interface PodSettings {
  /** Of the container, from `env:` on. */
  env: string;
  mount: { name: string; path: string };
  volume: string;
}

/** What the labels of all that is printed say, after the name of the application. */
export function labels({ name }: Pick<ScheduleRequest, 'name'>, component: string): string {
  return `app.kubernetes.io/name: telesweep
${name === null ? '' : `app.kubernetes.io/instance: ${JSON.stringify(name)}\n`}app.kubernetes.io/component: ${component}`;
}

/** What the Secret, the ConfigMap and so on of one bot are called. */
export const objectName = (bot: string | null): string =>
  bot === null ? 'telesweep' : `telesweep-${kubernetesName(bot)}`;

/** @param options `settings`: how they get in; `fine`: exit codes that are no failure */
export function podTemplate(
  component: string,
  request: ScheduleRequest,
  args: readonly string[],
  { settings, fine = [exitCodes.interrupted] }: { settings: PodSettings; fine?: readonly number[] },
): string {
  return `template:
  metadata:
    labels:
${indent(6, labels(request, component))}
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
        image: ${JSON.stringify(request.image)}
        # Stopped early with work left (${exitCodes.interrupted}) is no failed Job: the next pass goes on.${fine.length > 1 ? ` Nor is ${exitCodes.failed}: it was told.` : ''}
        command: [tini, ${fine.map((code) => `-e, "${code}"`).join(', ')}, --, telesweep]
        args: [${args.map((arg) => (/^\d+$/.test(arg) ? `"${arg}"` : arg)).join(', ')}]
${settings.env}        resources:
          requests:
            cpu: 50m
            memory: 96Mi
          limits:
            memory: ${memoryLimit(request.settings)}Mi
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        volumeMounts:
          - name: ${settings.mount.name}
            mountPath: ${settings.mount.path}
            readOnly: true
    volumes:
${settings.volume}`;
}

const modeForAll = `# 0444 in octal, which not every reader of YAML knows: whatever the user, who is alone in this pod.
          defaultMode: 292`;

/** Of one bot: its secrets as files, the other settings as variables. @param oneBot says how another bot gets in */
export function settingsOfOne(secrets: readonly string[], { name }: ScheduleRequest, oneBot = false): PodSettings {
  return {
    env: `        env:
${secrets.map(environment).join('')}${oneBot ? otherBot : ''}        envFrom:
          - configMapRef:
              name: ${objectName(name)}
`,
    mount: { name: 'secrets', path: secretsPath },
    volume: `      - name: secrets
        secret:
          secretName: ${objectName(name)}
          ${modeForAll}
          items:
${secrets.map(secretItem).join('')}`,
  };
}

/** Of a directory's bots: their env files. @param shards how many pods share the bots */
export function settingsOfAll({ files, hasCommon }: Directory, shards: number): PodSettings {
  const secrets = [
    secretSource(commonSecret, !hasCommon),
    ...files.map(({ name }) => secretSource(objectName(name), true)),
  ];
  return {
    env: shards === 1 ? '' : completions(shards),
    mount: { name: 'bots', path: botsPath },
    volume: `      - name: bots
        projected:
          ${modeForAll}
          sources:
            # A bot whose Secret is missing is left out, and costs the others nothing.
${secrets.join('')}`,
  };
}

/** Holds what is common to all bots of a directory. */
export const commonSecret = 'telesweep-common';

const completions = (shards: number): string => `        env:
          # With JOB_COMPLETION_INDEX, which Kubernetes sets, the share of this pod.
          - name: JOB_COMPLETIONS
            value: "${shards}"
`;

const secretSource = (name: string, optional: boolean): string => `            - secret:
                name: ${name}
${optional ? '                optional: true\n' : ''}`;

/** The secrets that the job works with; of the optional ones, those that the env file gives. */
export function secretsOf(job: Scheduled, given: ScheduleRequest['given']): string[] {
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
export const givesGuideBot = (given: ScheduleRequest['given']): boolean =>
  givenOf(['GUIDE_BOT_TOKEN'], given).length > 0;

const otherBot = `          # Where another bot posts the guides: GUIDE_BOT_TOKEN_FILE here, and its key at the end.
`;

export const keyOf = (setting: string): string => setting.toLowerCase().replaceAll('_', '-');

const environment = (setting: string): string => `          - name: ${setting}_FILE
            value: ${secretsPath}/${keyOf(setting)}
`;

const secretItem = (setting: string): string => `            - key: ${keyOf(setting)}
              path: ${keyOf(setting)}
`;

export const indent = (spaces: number, text: string): string => text.replace(/^(?=.)/gm, ' '.repeat(spaces));
