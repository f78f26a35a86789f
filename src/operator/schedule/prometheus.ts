import type { Job } from '../../job/job.ts';
import { exitCodeMeanings, exitCodes } from '../../process/exit-code.ts';
import { parseDuration } from '../../settings/duration.ts';
import { intervalSeconds } from './calendar.ts';
import type { ScheduleFile } from './request.ts';

/** A rule of Prometheus (prometheus.io/docs/prometheus/latest/configuration/alerting_rules). */
interface Rule {
  alert: string;
  why: string;
  expr: string;
  for?: string;
  severity: 'critical' | 'warning';
  /** Where rules share a name: Prometheus wants them told apart. */
  job?: string;
  summary: string;
  description: string;
}

interface AlertRequest {
  jobs: readonly Job[];
  /** Bots that must be known of, each by itself; none where any bot will do. */
  names: readonly string[];
  guideIntervalMs: number;
}

/** Alerts for the jobs in use, by the times at which they run. */
export function alertRules(request: AlertRequest): ScheduleFile[] {
  return [{ name: 'telesweep-alerts.yml', text: head + rulesFor(request).map(ruleText).join('\n') }];
}

const head = `# Alerts on what telesweep tells Prometheus, as \`telesweep schedule prometheus\` prints them: by TIMEZONE, GUIDE_INTERVAL and the
# jobs that \`--job\` names. Print them anew when a schedule changes. Two ways lead to Prometheus, beside each other or alone:
#
#   METRICS_TEXTFILE_DIR, read by node_exporter: the passes write their files, and a line of cron the health of the jobs:
#     */5 * * * *  telesweep metrics --output --env-file "$HOME/telesweep.env"
#   PUSHGATEWAY_URL: in prometheus.yml
#     scrape_configs:
#       - job_name: pushgateway
#         honor_labels: true
#         static_configs: [{targets: ['pushgateway.example:9091']}]
#
# Check them with \`promtool check rules telesweep-alerts.yml\` and \`promtool test rules telesweep-alerts.test.yml\`.
# Several machines may run the same jobs: the newest of their passes counts, hence "max by". Several bots are told apart by their
# NAME and their schema. That nothing at all is known of one is told where the rules are printed with its env file.
groups:
  - name: telesweep
    rules:
`;

/** How often a line of cron is expected to write the health of the jobs, and how late it may be. */
const healthSeconds = 5 * 60;
const staleHealthSeconds = 3 * healthSeconds;

function rulesFor({ jobs, names, guideIntervalMs }: AlertRequest): Rule[] {
  const limits = jobs.map((job) => ({ name: job.name, seconds: silenceSeconds(job, guideIntervalMs) }));
  const deleting = jobs.filter(({ nearDeadline }) => nearDeadline !== undefined).map(({ name }) => name);
  const calling = jobs.filter(({ token }) => token !== null).map(({ name }) => name);
  const all = selector(jobs.map(({ name }) => name));
  return [
    ...limits.map(({ name, seconds }) => neverRan(name, seconds, names)),
    overdue(limits),
    staleFile(limits),
    {
      alert: 'TelesweepHealthUnknown',
      why: `The rules of health below want its file every ${healthSeconds / 60} minutes. Where no line of cron writes it, they are silent.`,
      expr: `time() - max by (file) (node_textfile_mtime_seconds{file=~".*telesweep_(.+_)?health[.]prom"}) > ${staleHealthSeconds}`,
      severity: 'warning',
      summary: 'Nobody has asked for the health of the jobs for {{ $value | humanizeDuration }}.',
      description:
        'The line of cron with telesweep metrics --output, which writes {{ $labels.file }}, does not run, or fails.',
    },
    {
      alert: 'TelesweepTextfileRefused',
      why: 'One file that node_exporter cannot read hides those behind it.',
      expr: 'max by (instance) (node_textfile_scrape_error) > 0',
      for: '5m',
      severity: 'warning',
      summary: 'node_exporter cannot read a file in its folder of text files.',
      description: 'Its log names the file and the line.',
    },
    {
      alert: 'TelesweepUnrecorded',
      why: 'Until a pass is written down again.',
      expr: `max by (sweep_job, name) (telesweep_unrecorded_timestamp_seconds${all})
  > (max by (sweep_job, name) (telesweep_last_completion_timestamp_seconds${all}) or max by (sweep_job, name) (telesweep_unrecorded_timestamp_seconds${all}) * 0)`,
      for: '5m',
      severity: 'critical',
      summary: `${ofBot}Passes of {{ $labels.sweep_job }} end without a record.`,
      description: 'The database is out of reach, or not migrated: their log and telesweep doctor tell more.',
    },
    {
      alert: 'TelesweepFailing',
      why: 'What a passing fault causes mends itself with the next pass; these last.',
      expr: failingExpr(all),
      for: '5m',
      severity: 'critical',
      summary: `${ofBot}{{ $labels.sweep_job }} ends with exit code {{ $value }}.`,
      description: `${faultsText()}. The log of the pass and telesweep doctor tell more.`,
    },
    ...healthRules(all),
    ...(calling.length === 0 ? [] : callingRules(selector(calling))),
    ...(deleting.length === 0 ? [] : deletingRules(selector(deleting))),
    {
      alert: 'TelesweepItemsFailed',
      why: 'Passes that exited 1, by a counter, so that none between two scrapes is missed.',
      expr: `max by (sweep_job, name, schema) (increase(telesweep_passes_total${all.replace('}', `,exit_code="${exitCodes.failed}"}`)}[10m])) > 0`,
      severity: 'warning',
      summary: `${ofBot}{{ $labels.sweep_job }} gave items up.`,
      description: 'They are kept with their reasons: telesweep failed list.',
    },
    ...(jobs.some(({ guideTotals }) => guideTotals !== undefined) ? [guideUncertain] : []),
  ];
}

/** Two intervals and the longest pass: one that finds another at work writes nothing, so a long pass looks like silence. */
function silenceSeconds(job: Job, guideIntervalMs: number): number {
  return 2 * intervalSeconds(job.cron({ guideIntervalMs })) + (parseDuration(job.maxRuntime) ?? 0) / 1000;
}

/** What a summary begins with where the bot has a name. */
const ofBot = '{{ with $labels.name }}{{ . }}: {{ end }}';

const selector = (names: readonly string[]): string => `{sweep_job=~"${names.join('|')}"}`;

function neverRan(name: string, seconds: number, bots: readonly string[]): Rule {
  const labels = bots.length === 0 ? [''] : bots.map((bot) => `,name="${bot}"`);
  return {
    alert: 'TelesweepAbsent',
    why: `${name}: nothing is known of a pass that ended. As long as two intervals and the longest pass are patience.`,
    expr: labels
      .map((more) => `absent(telesweep_last_completion_timestamp_seconds{sweep_job="${name}"${more}})`)
      .join('\n  or\n'),
    for: `${seconds}s`,
    severity: 'critical',
    job: name,
    summary: `${ofBot}Nothing is known of {{ $labels.sweep_job }}: it never ran, or its metrics are lost.`,
    description: `Its line for cron: telesweep schedule crontab --job ${name}. A job that is not in use is left out of these rules by --job.`,
  };
}

function overdue(limits: readonly { name: string; seconds: number }[]): Rule {
  const parts = limits.map(
    ({ name, seconds }) =>
      `time() - max by (sweep_job, name, schema) (telesweep_last_completion_timestamp_seconds{sweep_job="${name}"}) > ${seconds}`,
  );
  return {
    alert: 'TelesweepOverdue',
    why: 'Two intervals and the longest pass, in seconds. A pass that finds another one at work writes nothing, so a long pass looks like silence until it ends.',
    expr: parts.join('\n  or\n'),
    severity: 'critical',
    summary: `${ofBot}{{ $labels.sweep_job }} has not ended a pass for {{ $value | humanizeDuration }}.`,
    description: 'Look at its cron line, timer or CronJob; telesweep status tells the last runs and who holds the job.',
  };
}

function staleFile(limits: readonly { name: string; seconds: number }[]): Rule {
  const parts = limits.map(
    ({ name, seconds }) =>
      `time() - max by (file) (node_textfile_mtime_seconds{file=~".*telesweep_(.+_)?${name}[.]prom"}) > ${seconds}`,
  );
  return {
    alert: 'TelesweepStaleFile',
    why: 'What stands in a text file looks true for ever.',
    expr: parts.join('\n  or\n'),
    severity: 'warning',
    summary: '{{ $labels.file }} was written {{ $value | humanizeDuration }} ago.',
    description: 'Nothing writes into METRICS_TEXTFILE_DIR any more, or a pass may not: its log says so.',
  };
}

/** 1 has a rule of its own, 75 is no fault of the pass, and a refused token is a matter of its bot. */
function failingExpr(all: string): string {
  const { failed, interrupted, tokenRefused } = exitCodes;
  const code = `telesweep_last_exit_code${all}`;
  return `max by (sweep_job, name, schema) (${code} > ${failed} != ${interrupted} != ${tokenRefused})`;
}

function faultsText(): string {
  const { ok, failed, interrupted, tokenRefused, ...faults } = exitCodes;
  const texts = Object.values(faults).map((code) => `${code} ${exitCodeMeanings[code].replace(/ \(.*?\)/, '')}`);
  return texts.join('; ');
}

function healthRules(all: string): Rule[] {
  const expr = (verdict: string): string =>
    `max by (sweep_job, name, schema) (telesweep_health${all.replace('}', `,verdict="${verdict}"}`)}) == 1`;
  const rule = (verdict: string, severity: Rule['severity'], why: string, summary: string): Rule => ({
    alert: `Telesweep${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}`,
    why,
    expr: expr(verdict),
    for: '10m',
    severity,
    summary,
    description: 'telesweep status tells since when, why, and the way out.',
  });
  return [
    rule(
      'stuck',
      'critical',
      'Passes end well and leave the same work.',
      `${ofBot}{{ $labels.sweep_job }} leaves the same work in every pass.`,
    ),
    rule(
      'losing',
      'critical',
      'By the forecast, before the first message is lost.',
      `${ofBot}Messages of {{ $labels.sweep_job }} will pass 48 hours before their turn.`,
    ),
    {
      ...rule('failing', 'critical', 'Also passes that are cut off, and one that hangs: they leave no exit code.', ''),
      alert: 'TelesweepUnwell',
      summary: `${ofBot}{{ $labels.sweep_job }} fails: its passes end in errors, are cut off, or one hangs.`,
    },
  ];
}

function callingRules(calling: string): Rule[] {
  return [
    {
      alert: 'TelesweepBotRefused',
      why: 'Nothing goes until somebody mends it.',
      expr: `max by (sweep_job, name, schema, bot) (telesweep_last_exit_code${calling} == ${exitCodes.tokenRefused})`,
      for: '2m',
      severity: 'critical',
      summary: `${ofBot}Telegram refuses the bot {{ $labels.bot }} of {{ $labels.sweep_job }}.`,
      description:
        'Its token is revoked, its account frozen, or every chat refuses it. telesweep doctor asks Telegram.',
    },
    {
      alert: 'TelesweepPaused',
      why: 'A short pause is usual.',
      expr: `max by (sweep_job, name, schema) (telesweep_budget_paused_until_timestamp_seconds${calling}) - time() > 0`,
      for: '15m',
      severity: 'warning',
      summary: `${ofBot}Telegram asked for a pause; {{ $labels.sweep_job }} waits {{ $value | humanizeDuration }} more.`,
      description:
        'Something makes too many calls with the token: lower TELEGRAM_RATE, or leave more of the limit to the bot itself. A pause that a gateway invented is ended by telesweep budget clear.',
    },
  ];
}

/** Seconds: an eighth of the 48 hours within which Telegram deletes. */
const oldSeconds = 6 * 3600;

function deletingRules(deleting: string): Rule[] {
  return [
    {
      alert: 'TelesweepMessagesNearDeadline',
      why: 'Telegram deletes no message that is older than 48 hours: what is near to that is the last chance.',
      expr: `max by (sweep_job, name, schema) (telesweep_near_deadline_items${deleting}) > 0`,
      for: '10m',
      severity: 'critical',
      summary: `${ofBot}{{ $value }} due messages of {{ $labels.sweep_job }} pass 48 hours within the hour.`,
      description: 'After that no bot can delete them. telesweep status forecasts how many pass it before their turn.',
    },
    {
      alert: 'TelesweepBacklogOld',
      why: 'An eighth of the 48 hours.',
      expr: `max by (sweep_job, name, schema) (telesweep_backlog_oldest_age_seconds${deleting}) > ${oldSeconds}`,
      for: '10m',
      severity: 'warning',
      summary: `${ofBot}What {{ $labels.sweep_job }} has left has been due for {{ $value | humanizeDuration }}.`,
      description:
        'The passes do not keep up, or the items fail again and again. telesweep status forecasts the end of the backlog.',
    },
    {
      alert: 'TelesweepNoSuccess',
      why: 'Each pass gave items up, was stopped, or failed.',
      expr: `time() - max by (sweep_job, name, schema) (telesweep_last_success_timestamp_seconds${deleting}) > ${oldSeconds}`,
      severity: 'warning',
      summary: `${ofBot}{{ $labels.sweep_job }} has had no pass without a fault for {{ $value | humanizeDuration }}.`,
      description:
        'Each of its passes gave items up (exit code 1), was stopped (75) or failed. See telesweep failed list and telesweep.runs.',
    },
  ];
}

const guideUncertain: Rule = {
  alert: 'TelesweepGuideUncertain',
  why: 'It is for people to look.',
  expr: 'max by (status, name, schema) (increase(guides_posts_total{status="uncertain"}[6h])) > 0',
  severity: 'warning',
  summary: `${ofBot}Nobody knows whether a guide reached its channel.`,
  description:
    'The answer of Telegram was lost, and a guide is not sent twice. telesweep.guide_posts tells which: look into the channel.',
};

/** A block scalar for the expression, and single quotes for people's words. */
function ruleText({ alert, why, expr, for: wait, severity, job, summary, description }: Rule): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const indented = expr.split('\n').map((line) => `          ${line}\n`);
  return `      # ${why}
      - alert: ${alert}
        expr: |
${indented.join('')}${wait === undefined ? '' : `        for: ${wait}\n`}        labels:
          severity: ${severity}
${job === undefined ? '' : `          sweep_job: ${job}\n`}        annotations:
          summary: ${quoted(summary)}
          description: ${quoted(description)}
`;
}
