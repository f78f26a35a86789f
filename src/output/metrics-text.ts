import { exposition, type Family, type Sample } from './exposition.ts';
import { lateBounds } from './late-bounds.ts';
import type { HealthSample, JobMetrics, Metrics, Teller } from './metrics-sample.ts';

interface Described {
  name: string;
  type: Family['type'];
  help: string;
}

interface JobFamily extends Described {
  samples(job: JobMetrics, labels: Labels): Sample[];
}

type Labels = Readonly<Record<string, string>>;

const one = (labels: Labels, value: number | null): Sample[] => (value === null ? [] : [{ labels, value }]);

/** Totals of a name, with the label that tells them apart and the bot that they were done with. */
const totalsOf = (
  { totals }: JobMetrics,
  labels: Labels,
  name: string,
  tell: (label: string) => Labels = () => ({}),
): Sample[] =>
  totals
    .filter((total) => total.name === name)
    .map(({ botId, label, value }) => ({ labels: { ...labels, bot: botId ?? '', ...tell(label) }, value }));

/** `failed 70` */
function outcomeOf(label: string): Labels {
  const [outcome = '', exit_code = ''] = label.split(' ');
  return { outcome, exit_code };
}

/** The totals have each bucket by itself; Prometheus wants each with those below it. */
function latenessOf({ totals }: JobMetrics, labels: Labels): Sample[] {
  const late = totals.filter(({ name }) => name === 'late' || name === 'late_ms');
  return [...new Set(late.map(({ botId }) => botId))].flatMap((botId) => {
    const own = { ...labels, bot: botId ?? '' };
    const figure = (name: string, label: string): number =>
      late.find((total) => total.botId === botId && total.name === name && total.label === label)?.value ?? 0;
    let count = 0;
    const buckets = [...lateBounds, Number.POSITIVE_INFINITY].map((bound) => {
      const finite = Number.isFinite(bound);
      count += figure('late', finite ? String(bound) : 'inf');
      return { suffix: '_bucket', labels: { ...own, le: finite ? String(bound) : '+Inf' }, value: count };
    });
    return [
      ...buckets,
      { suffix: '_sum', labels: own, value: figure('late_ms', '') / 1000 },
      { suffix: '_count', labels: own, value: count },
    ];
  });
}

/** What is told of each job. `sweep_job`, because Prometheus puts its own `job` on whatever it scrapes. */
const jobFamilies: readonly JobFamily[] = [
  {
    name: 'telesweep_last_success_timestamp_seconds',
    type: 'gauge',
    help: 'When the last pass that exited 0 ended.',
    samples: ({ lastSuccess }, labels) => one(labels, lastSuccess),
  },
  {
    name: 'telesweep_last_completion_timestamp_seconds',
    type: 'gauge',
    help: 'When the last pass ended, however it went.',
    samples: ({ lastCompletion }, labels) => one(labels, lastCompletion),
  },
  {
    name: 'telesweep_last_duration_seconds',
    type: 'gauge',
    help: 'How long the last pass took.',
    samples: ({ lastDurationSeconds }, labels) => one(labels, lastDurationSeconds),
  },
  {
    name: 'telesweep_last_exit_code',
    type: 'gauge',
    help: 'The exit code of the last pass.',
    samples: ({ lastExitCode }, labels) => one(labels, lastExitCode),
  },
  {
    name: 'telesweep_backlog_items',
    type: 'gauge',
    help: 'Items that are due and not settled.',
    samples: ({ backlog }, labels) => one(labels, backlog.due),
  },
  {
    name: 'telesweep_backlog_oldest_age_seconds',
    type: 'gauge',
    help: 'How long the oldest of them has been due.',
    samples: ({ backlog }, labels) => one(labels, backlog.oldest_due_seconds),
  },
  {
    name: 'telesweep_near_deadline_items',
    type: 'gauge',
    help: "Due messages within an hour of Telegram's limit of 48.",
    samples: ({ nearDeadline }, labels) => one(labels, nearDeadline),
  },
  {
    name: 'telesweep_budget_paused_until_timestamp_seconds',
    type: 'gauge',
    help: 'When the pause that Telegram asked for ends; 0 where there is none.',
    samples: ({ pausedUntil }, labels) => one(labels, pausedUntil),
  },
  {
    name: 'telesweep_items_total',
    type: 'counter',
    help: 'What passes did, by the keys of their summaries.',
    samples: (job, labels) => totalsOf(job, labels, 'items', (result) => ({ result })),
  },
  {
    name: 'telesweep_failed_items_total',
    type: 'counter',
    help: 'Items given up, by reason.',
    samples: (job, labels) => totalsOf(job, labels, 'failed', (reason) => ({ reason })),
  },
  {
    name: 'telesweep_passes_total',
    type: 'counter',
    help: 'Passes that ended, by outcome and exit code.',
    samples: (job, labels) => totalsOf(job, labels, 'passes', outcomeOf),
  },
  {
    name: 'telesweep_api_calls_total',
    type: 'counter',
    help: 'Bot API calls.',
    samples: (job, labels) => totalsOf(job, labels, 'calls'),
  },
  {
    name: 'telesweep_rate_limited_total',
    type: 'counter',
    help: 'Bot API calls answered with 429.',
    samples: (job, labels) => totalsOf(job, labels, 'rate_limited'),
  },
  {
    name: 'telesweep_lateness_seconds',
    type: 'histogram',
    help: 'How long after their time messages went: for delete-due each record, for delete-broadcasts each message.',
    samples: latenessOf,
  },
  {
    name: 'guides_posts_total',
    type: 'counter',
    help: 'Guide posts, by what became of them.',
    samples: ({ guidePosts }, labels) =>
      Object.entries(guidePosts ?? {}).map(([status, value]) => ({ labels: { ...labels, status }, value })),
  },
];

const healthFamily: Described = {
  name: 'telesweep_health',
  type: 'gauge',
  help: '1 for the verdict on the job that telesweep status tells, 0 for the others. From telesweep metrics alone.',
};

const unrecordedFamily: Described = {
  name: 'telesweep_unrecorded_timestamp_seconds',
  type: 'gauge',
  help: 'When a pass ended last that left no record: the database was out of reach, or not migrated. From passes alone.',
};

/** Every metric that there is, in the order of its telling. @internal for the documentation and the tests */
export const describedMetrics: readonly Described[] = [...jobFamilies, healthFamily, unrecordedFamily];

/** What the database tells of the jobs. */
export function renderMetrics({ name, schema, jobs }: Metrics): string {
  return exposition(
    jobFamilies.map(({ samples, ...family }) => ({
      ...family,
      samples: jobs.flatMap((job) =>
        samples(job, { sweep_job: job.job, name: name ?? '', bot: job.botId ?? '', schema }),
      ),
    })),
  );
}

/** A state set: each verdict that there may be, 1 for the one that is. */
export function renderHealth(
  { name, schema }: Pick<Metrics, 'name' | 'schema'>,
  health: readonly HealthSample[],
  verdicts: readonly string[],
): string {
  const samples = health.flatMap(({ job, verdict }) =>
    verdicts.map((told) => ({
      labels: { sweep_job: job, name: name ?? '', schema, verdict: told },
      value: told === verdict ? 1 : 0,
    })),
  );
  return exposition([{ ...healthFamily, samples }]);
}

/** @param at seconds since 1970 */
export function renderUnrecorded({ job, name }: Teller, at: number): string {
  const labels = { sweep_job: job, name: name ?? '' };
  return exposition([{ ...unrecordedFamily, samples: [{ labels, value: at }] }]);
}
