/** Types alone: what a job is, what it is given, and what it hands back. This file may name the types of any layer. */
import type { Kysely } from 'kysely';
import type { Log, Progress } from '../output/log.ts';
import type { Backlog, CallCounts, Counts, JobName } from '../process/summary.ts';
import type { Settings } from '../settings/settings.ts';
import type { Connection } from '../store/connect.ts';
import type { DeadlineGroup } from '../store/deadlines.ts';
import type { Database } from '../store/schema.ts';
import type { SqlFragment } from '../store/sql-fragment.ts';
import type { Client } from '../telegram/client.ts';
import type { Stop } from './stop.ts';
import type { Tally } from './tally.ts';
import type { UncountedCalls } from './uncounted-calls.ts';

/** The job's bot, with what is remembered of it. */
export interface Telegram {
  readonly client: Client;
  readonly botId: string;
  /** Null where it must be asked for. */
  username: string | null;
  /** The server knows no `deleteMessages`: messages are deleted one by one. */
  oneByOne: boolean;
  /** A message was deleted or sent within the last hour. */
  readonly worked: boolean;
  /** So many chats in a row refused the bot in a way that says nothing of the chat. */
  readonly refusedInARow: number;
}

/** The lease of the pass, as far as its writer moves it forward itself. */
export interface LeaseRenewal {
  isToRenew(): boolean;
  /** @param at by `monotonicMs` */
  renewed(at: number): void;
}

export interface JobContext<C extends Counts = Counts> {
  job: JobName;
  db: Kysely<Database>;
  /** The database's clock at the start of the pass: ISO 8601 in UTC with microseconds. */
  now: string;
  /** Names this pass in the lease; writes that must not outlive the lease check it. */
  runId: string;
  settings: Settings;
  /** Items at most; null for no limit. */
  limit: number | null;
  /** `post-guide --force`. */
  force: boolean;
  /** `delete-due --stay`: milliseconds from the start of the pass; 0 for a pass that does what is due and ends. */
  stayMs: number;
  /** Counted up as the work is done. */
  counts: C;
  calls: CallCounts;
  uncounted: UncountedCalls;
  /** What goes into the totals beside `counts` and `calls`. */
  tally: Tally;
  log: Log;
  progress: Progress;
  stop: Stop;
  lease: LeaseRenewal;
  /** Made at the first call, so that a pass with nothing due never loads the client. */
  telegram(): Promise<Telegram>;
}

/** What a real pass now would do, beside the counts. */
export interface Plan {
  /** Bot API calls. */
  calls: number;
  /** A sample of the rows that would go, for a person: column names, then cells. */
  sample: { columns: string[]; rows: string[][] };
  /** Items that it would newly give up, and those that would go well; none where it is not told. */
  failed?: number;
  succeeded?: number;
  guide_id?: string | null;
}

export interface Job<C extends Counts = Counts> {
  name: JobName;
  /** One line for `--help`. */
  summary: string;
  /** The setting that holds the token of the bot whose API the job calls; null where it calls none. */
  token: 'TELEGRAM_BOT_TOKEN' | 'GUIDE_BOT_TOKEN' | null;
  /** It works on messages that its bot sent before, so that another bot can do nothing for it. */
  needsSender?: true;
  /** Settings beside the token without which the job cannot run. */
  requires: readonly string[];
  /** What it counts, all at zero. */
  counts: Readonly<C>;
  /** When it is expected to run: five fields as crontab(5) has them, in `TIMEZONE`. */
  cron(settings: Pick<Settings, 'guideIntervalMs'>): string;
  /** For `--max-runtime`: shorter than the interval, but for the job of every minute, whose next passes then find it at work and leave. */
  maxRuntime: string;
  /** What its flag `--force` does, where it has one. */
  force?: string;
  /** What its flag `--stay` does, where it has one. */
  stay?: string;
  /** Not everybody uses it: without it doctor asks for nothing of it, and says that it is `missing`. */
  optional?: { isUsed(settings: Settings): boolean; missing: string };
  /** Its summary names a guide. */
  namesGuide?: true;
  /** Items that it gives up are kept for `failed list`; `retried` where an operator sets them due again. */
  keepsFailed?: 'listed' | 'retried';
  /** Whether a pass would find anything to do now; travels in the statement that takes the lease. */
  due(settings: Settings, options: { force: boolean; stayMs: number }): SqlFragment;
  /**
   * Whether something is due that a pass which began at an instant could have taken; what waits after a failure is not. Without
   * it, whatever is due.
   */
  dueSince?(settings: Settings, began: Date): SqlFragment;
  /** Does the work and returns; stopping early is said through `stop`. Throws only where the pass cannot go on. */
  run(context: JobContext<C>): Promise<JobResult>;
  /** Counts what would be done, and tells the rest. */
  plan(context: JobContext<C>): Promise<Plan>;
  /** A select of one row with the columns of `Backlog`, for the database's `now()`. */
  backlog(settings: Settings): SqlFragment;
  /** For a pass that finds nothing due: a select of one row: `counts` as JSON, and `guide_id`. */
  idle?(settings: Settings): SqlFragment;
  /** Due messages by the time left until their 48 hours are over, for `status`. */
  deadlines?(connection: Connection, settings: Settings): Promise<DeadlineGroup[]>;
  /** Rows whose messages it leaves alone, because somebody removed what they belong to. */
  orphans?(connection: Connection): Promise<number>;
  /** A select of `near`: due messages that have less than an hour left until their 48 hours are over, for the metrics. */
  nearDeadline?: string;
  /** A select of `status` and `total`: guide posts so far, for the metrics. */
  guideTotals?: string;
  /** The summary's message in the words that people grep for, without its mark: `Deleted 15 messages, 0 failed`. */
  message(counts: C, guideId?: string | null): string;
  /** The mark of the job in its log. */
  mark: string;
}

export interface JobResult {
  /** Items newly given up in this pass: they make the exit code 1. */
  failed: number;
  /** Items that went well: with `failed`, tells `partial` from `failed`. */
  succeeded: number;
  /** What is left of what was due at `now`, where the job knows: to count it, PostgreSQL would visit all that was deleted. */
  left?: Backlog;
  guide_id?: string | null;
}
