import type { Job } from '../../job/job.ts';
import { SettingsError, UsageError } from '../../process/errors.ts';
import type { World } from '../../process/world.ts';
import type { CommandFlags } from '../command.ts';
import { healthFile } from './health-file.ts';
import { nodeEnvironment } from './node-environment.ts';
import { hiddenFolders, placeOf, plainPath } from './place.ts';
import { directoryOf, readBot, readBots } from './read-bots.ts';
import { type Known, readKnown } from './read-known.ts';
import type { Scheduled, ScheduleFormat, ScheduleRequest, SettingsPlace } from './request.ts';
import { statsReport } from './stats-report.ts';
import type { Times } from './times.ts';

export interface ScheduleFlags extends Omit<CommandFlags, 'bot'> {
  format: ScheduleFormat;
  jobs: readonly Job[];
  /** Other commands with times of their own. */
  beside: readonly Scheduled[];
  image: string | null;
  namespace: string | null;
  /** A directory whose bots are all to go to Kubernetes. */
  bots: string | null;
  /** One bot of the directory that is the env file. */
  bot: string | null;
  /** Bots at a time, of a directory. */
  parallel: number | null;
  /** Pods that share the bots. */
  shards: number | null;
  /** A folder to write files to, in place of stdout. */
  output: string | null;
}

/** @returns `doubts`: what of the schedule may be other than it is meant */
export function readRequest(flags: ScheduleFlags, world: World): { request: ScheduleRequest; doubts: string[] } {
  const { format } = flags;
  refuseStrangers(flags);
  checked('env-file', flags.envFile, plainPath, 'an absolute path of letters, digits and . / @ + - _');
  checked('bots', flags.bots, plainPath, 'an absolute path of letters, digits and . / @ + - _');
  checked('bot', flags.bot, botFile, 'the name of a file in the directory without .env');
  const image = checked('image', flags.image, /^\w[\w./:@-]*$/, imageExpected) ?? '';
  const namespace = checked(
    'namespace',
    flags.namespace,
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'a name such as telesweep',
  );
  const place = placeOf(world.program);
  const { doubts, reports, ...found } = settingsFor(flags, world);
  if (format !== 'kubernetes' && place.odd !== null) {
    doubts.push(`${JSON.stringify(place.odd)} would need quotes, so telesweep is looked for in ${place.path}`);
  }
  if (format === 'systemd' && place.hidden !== null) {
    const way = 'install Node.js and telesweep for the whole system, and print again';
    doubts.push(`${place.hidden} lies where no unit can look (ProtectHome=, PrivateTmp=): ${way}`);
  }
  if (format === 'systemd' && found.settings.kind === 'bots' && hiddenFolders.test(`${found.settings.path}/`)) {
    doubts.push(
      `${found.settings.path} lies where no unit can look (ProtectHome=, PrivateTmp=): expected it in a folder such as /etc/telesweep/bots`,
    );
  }
  // A pod has the environment of its image.
  const hasNode = format === 'crontab' || format === 'systemd';
  const node = nodeEnvironment(hasNode ? world.env : {}, format === 'systemd');
  doubts.push(...node.doubts);
  // With all jobs, and where there is a folder: a pod has none.
  const isAsked = flags.beside.length > 0;
  const writesHealth = isAsked && format !== 'kubernetes' && found.metricsDirs.length > 0;
  const request = {
    ...found,
    jobs: [
      ...flags.jobs,
      ...flags.beside,
      ...(writesHealth ? [healthFile] : []),
      ...(isAsked && reports ? [statsReport] : []),
    ],
    place,
    environment: node.lines,
    image,
    namespace: namespace ?? 'telesweep',
  };
  return { request, doubts };
}

/** Flags that the format, or what stands beside them, has no use for. */
function refuseStrangers({ format, image, namespace, bots, bot, envFile, parallel, shards }: ScheduleFlags): void {
  const onKubernetes = format === 'kubernetes';
  for (const [flag, value] of Object.entries({ image, namespace, bots, shards })) {
    if (!onKubernetes && value !== null) throw new UsageError(`--${flag}: only for telesweep schedule kubernetes`);
  }
  if (onKubernetes && image === null) throw new UsageError(`--image: is missing; expected ${imageExpected}`);
  const directory = directoryOf(envFile);
  if (bots !== null && (envFile !== null || bot !== null)) {
    throw new UsageError(
      `--bots: names all bots of a directory; expected it without --${bot === null ? 'env-file' : 'bot'}`,
    );
  }
  if (bot !== null && envFile === null) throw new UsageError('--bot: expected --env-file DIRECTORY beside it');
  if (onKubernetes && directory !== null && bot === null) {
    throw new UsageError(
      `--env-file: ${directory} is a directory; expected --bots ${directory}, or --bot NAME beside it`,
    );
  }
  if (shards !== null && bots === null) throw new UsageError('--shards: expected --bots DIRECTORY beside it');
  if (parallel !== null && (bots ?? directory) === null) {
    throw new UsageError(
      `--parallel: only for a directory of bots; expected ${onKubernetes ? '--bots' : '--env-file'} DIRECTORY`,
    );
  }
  if (parallel !== null && bot !== null) throw new UsageError('--parallel: expected it without --bot, which is one');
}

/** What the settings tell, and where the jobs will find them. */
type Found = Pick<ScheduleRequest, 'name' | 'names' | 'timeZone' | 'times' | 'metricsDirs' | 'given' | 'settings'> & {
  doubts: string[];
  /** A chat is to hear of the figures. */
  reports: boolean;
};

function settingsFor(flags: ScheduleFlags, world: World): Found {
  const directory = directoryOf(flags.bots ?? flags.envFile);
  if (flags.bot === null && flags.bots === null && directory === null) return settingsOfFile(flags, world);
  const path = directory ?? flags.bots ?? flags.envFile ?? '';
  return flags.bot === null ? settingsOfBots(flags, path, world) : settingsOfBot(flags.bot, flags, path, world);
}

function settingsOfFile({ format, envFile }: ScheduleFlags, world: World): Found {
  const { written, path } = envFile === null ? usualEnvFile(format, world.env) : { written: envFile, path: envFile };
  const known = readKnown(world.env, { envFile: path });
  const settings = { kind: 'file', path: written } as const;
  const reason = path === null ? 'HOME is not set' : known.unread;
  const unread = reason === null || written === '' ? null : `${written} cannot be read here (${reason})`;
  return foundOf(known, settings, format, unread);
}

function settingsOfBot(bot: string, { format }: ScheduleFlags, path: string, world: World): Found {
  const { known, file } = readBot(world.env, path, bot);
  const unread = known.unread === null ? null : `${path}, ${bot}: ${known.unread}`;
  return foundOf(known, { kind: 'bot', path, bot, file }, format, unread);
}

/** @param unread that the settings could not be read, and why, where that is to be told */
function foundOf(known: Known, settings: SettingsPlace, format: ScheduleFormat, unread: string | null): Found {
  const { name, timeZone, guideIntervalMs, metricsDir, given, overruled } = known;
  return {
    name,
    names: name === null ? [] : [name],
    timeZone,
    times: [{ timeZone, guideIntervalMs }],
    metricsDirs: metricsDir === null ? [] : [metricsDir],
    given,
    settings,
    reports: isReported(known),
    // Manifests carry what the environment says.
    doubts: doubtsOf({ path: settings.path, unread, timeZone, overruled: format === 'kubernetes' ? [] : overruled }),
  };
}

function settingsOfBots({ format, parallel, shards }: ScheduleFlags, path: string, world: World): Found {
  const { files, hasCommon, common, bots, unread, problems } = readBots(world.env, path);
  if (format === 'kubernetes') {
    const refused = [...(unread === null ? [] : [unread]), ...files.flatMap(({ problem }) => problem ?? [])];
    if (refused.length > 0) throw new SettingsError(refused.map((text) => text.replace(/^--env-file/, '--bots')));
  }
  const times = timesOf(bots.length === 0 ? [common] : bots);
  // That of a bot, because their times are counted together.
  const { timeZone } = times.find((one) => one.timeZone === common.timeZone) ?? times[0] ?? common;
  const overruled = [...new Set([common, ...bots].flatMap((known) => known.overruled))];
  const told = doubtsOf({ path, unread, overruled, timeZone });
  return {
    name: null,
    names: bots.flatMap((known) => known.name ?? []),
    timeZone,
    times,
    metricsDirs: [...new Set(bots.flatMap(({ metricsDir }) => metricsDir ?? []))],
    given: {},
    reports: [common, ...bots].some(isReported),
    settings: { kind: 'bots', path, parallel, shards: shards ?? 1, files, hasCommon },
    doubts: [...told, ...problems.map((problem) => `${problem}; the times are those of the other bots`)],
  };
}

const isReported = ({ given }: Known): boolean => (given.STATS_CHAT_ID ?? '') !== '';

/** Each once. */
function timesOf(bots: readonly Known[]): Times[] {
  const times = bots.map(({ timeZone, guideIntervalMs }) => ({ timeZone, guideIntervalMs }));
  return [...new Map(times.map((one) => [`${one.timeZone} ${one.guideIntervalMs}`, one])).values()];
}

interface Doubtful extends Pick<Known, 'unread' | 'overruled' | 'timeZone'> {
  path: string;
}

function doubtsOf({ path, unread, overruled, timeZone }: Doubtful): string[] {
  const doubts: string[] = [];
  if (unread !== null) {
    const times = `so the times are in ${timeZone}: give TIMEZONE and GUIDE_INTERVAL in the environment if it says otherwise`;
    doubts.push(`${unread}, ${times}`);
  }
  if (overruled.length > 0) {
    const names = overruled.join(' and ');
    doubts.push(`${names}: printed by the environment, but ${path} says otherwise, and the jobs go by that`);
  }
  return doubts;
}

/** A name of a bot that goes unquoted into lines and names of files. */
const botFile = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

/** Where the jobs look for their settings unless told otherwise: as it is written there, and here. */
function usualEnvFile(format: ScheduleFormat, { HOME: home }: World['env']): { written: string; path: string | null } {
  switch (format) {
    case 'crontab':
      return { written: '"$HOME/telesweep.env"', path: home === undefined ? null : `${home}/telesweep.env` };
    case 'systemd':
      return { written: '/etc/telesweep/telesweep.env', path: '/etc/telesweep/telesweep.env' };
    case 'kubernetes':
    case 'prometheus':
      return { written: '', path: null };
  }
}

const imageExpected = 'an image such as registry.example/telesweep:1.2.3 or registry.example/telesweep@sha256:…';

function checked(flag: string, value: string | null, pattern: RegExp, expected: string): string | null {
  if (value === null || pattern.test(value)) return value;
  throw new UsageError(`--${flag}: ${JSON.stringify(value)} will not do; expected ${expected}`);
}
