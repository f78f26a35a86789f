import type { Job } from '../../job/job.ts';
import { usualParallel } from '../../pass/many/share.ts';
import { exitCodes } from '../../process/exit-code.ts';
import { formatDuration, parseDuration } from '../../settings/duration.ts';
import type { BotFile } from '../../settings/installation.ts';
import { intervalSeconds } from './calendar.ts';
import type { Place } from './place.ts';
import { cronForAll, type Times, zonesDiffer } from './times.ts';

export type ScheduleFormat = 'crontab' | 'kubernetes' | 'systemd' | 'prometheus';

/** What runs at its times: the passes of a job, or another command beside them. */
export interface Scheduled extends Pick<Job, 'name' | 'summary' | 'token' | 'requires' | 'cron' | 'maxRuntime'> {
  /** In place of the job's name; it ends by itself. */
  command?: string;
  /** Flags of it where the times are not one bot's, and it must find its own hour. */
  whereZonesDiffer?: string;
  /** It tells people what is not well, so that exit code 1 is no failure of its own. */
  tells?: true;
}

/** Where the settings lie on the machine that will run the jobs: one bot's file, one bot of a directory, or the directory. */
export type SettingsPlace =
  | { kind: 'file'; path: string }
  | { kind: 'bot'; path: string; bot: string; file: string }
  | Directory;

/** All bots of a directory. */
export interface Directory {
  kind: 'bots';
  path: string;
  /** At a time; null for as many as telesweep takes by itself. */
  parallel: number | null;
  /** Pods that share the bots. */
  shards: number;
  files: readonly BotFile[];
  hasCommon: boolean;
}

/** What a schedule is printed for. */
export interface ScheduleRequest {
  jobs: readonly Scheduled[];
  /** What the bot is called; null for one without a name, and for all bots of a directory. */
  name: string | null;
  /** Of the one, or of each that could be read. */
  names: readonly string[];
  timeZone: string;
  /** Of each bot, or of the one. */
  times: readonly Times[];
  metricsDirs: readonly string[];
  /** What stands in the env file of one bot, by its names. */
  given: Readonly<Record<string, string>>;
  settings: SettingsPlace;
  place: Place;
  /** What Node needs of its environment, as `NAME=value`. */
  environment: readonly string[];
  image: string;
  namespace: string;
}

/** One file of the schedule, under the name that it has in `deploy/`. */
export interface ScheduleFile {
  name: string;
  text: string;
}

/** The five fields as crontab(5) has them, at the times of every bot. */
export const cronOf = (job: Scheduled, { times }: ScheduleRequest): string => cronForAll(job, times);

/** What runs in place of the job; null where the job does. */
export function commandOf({ command, whereZonesDiffer }: Scheduled, { times }: ScheduleRequest): string | null {
  if (command === undefined) return null;
  return whereZonesDiffer !== undefined && zonesDiffer(times) ? `${command} ${whereZonesDiffer}` : command;
}

/** @param path where the settings lie for the command */
export function settingsFlags(settings: SettingsPlace, path = settings.path): string[] {
  return ['--env-file', path, ...(settings.kind === 'bot' ? ['--bot', settings.bot] : [])];
}

/** The flags of a pass over many bots. */
export function passFlags({ command }: Scheduled, settings: SettingsPlace): string[] {
  if (command !== undefined || settings.kind !== 'bots' || settings.parallel === null) return [];
  return ['--parallel', `${settings.parallel}`];
}

/** The flags with which a line, a unit or a manifest ends a pass. */
export const limitOf = ({ command, maxRuntime }: Pick<Scheduled, 'command' | 'maxRuntime'>): string[] =>
  command === undefined ? ['--max-runtime', maxRuntime] : [];

/** What a pass over many bots has left before the next, to end in. */
const restSeconds = 5;

/** A command without a limit of its own looks at many bots, some of which may not answer: ended early, it told nothing of the last. */
const longestLook = '30m';

/**
 * How long a pass may take where the next one cannot begin before its end: of many bots, all would wait for one that
 * has much to do.
 */
export function maxRuntimeAlone(job: Scheduled, request: ScheduleRequest): string {
  if (job.command !== undefined && request.settings.kind === 'bots') return longestLook;
  const interval = (intervalSeconds(cronOf(job, request)) - restSeconds) * 1000;
  const isShorter = request.settings.kind === 'bots' && interval < (parseDuration(job.maxRuntime) ?? 0);
  return isShorter ? formatDuration(interval) : job.maxRuntime;
}

/** With these the command has done its work: `doctor` has told what is not well. */
export const fineCodes = ({ tells }: Scheduled): number[] =>
  tells === undefined ? [exitCodes.interrupted] : [exitCodes.interrupted, exitCodes.failed];

/**
 * Trying again at once would not help: failed items are kept for the operator, the others are the operator's to mend.
 * Of many bots the worst code is told, which may hide that another one's database was away: then trying again helps that.
 */
export function finalCodes({ kind }: SettingsPlace): readonly number[] {
  const { failed, usage, defect, tokenRefused, settings } = exitCodes;
  return kind === 'bots' ? [failed, usage] : [failed, usage, defect, tokenRefused, settings];
}

/** Up to this many seconds from pass to pass the next one is as near as another try. */
export const shortInterval = 60;

/** MiB: each bot at work beside the first may take some. */
export function memoryLimit(settings: SettingsPlace): number {
  return settings.kind === 'bots' ? 256 + 64 * ((settings.parallel ?? usualParallel) - 1) : 256;
}

/** The settings without which the job cannot run, in the order of the documentation. */
export function needsOf(job: Scheduled): string[] {
  const names = new Set(['DATABASE_URL', ...(job.token === null ? [] : [job.token]), ...job.requires]);
  return [...names].map((name) => (name === 'GUIDE_BOT_TOKEN' ? 'GUIDE_BOT_TOKEN or TELEGRAM_BOT_TOKEN' : name));
}

/** Why the times are not those of one bot's; null where they are. */
export function whyTheseTimes({ times }: ScheduleRequest): string | null {
  if (times.length < 2) return null;
  return 'The bots differ in TIMEZONE or GUIDE_INTERVAL: these times have those of each among them, and a pass too many finds nothing due.';
}
