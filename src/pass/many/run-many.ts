import type { Job } from '../../job/job.ts';
import { createLog } from '../../output/create-log.ts';
import { complain, safeWriter, wantsColor } from '../../output/output.ts';
import { describeDefect } from '../../process/defect.ts';
import { errorText } from '../../process/error-text.ts';
import { UsageError } from '../../process/errors.ts';
import { exitCodeOfError, exitCodes, worstOf } from '../../process/exit-code.ts';
import { redact } from '../../process/redact.ts';
import type { World } from '../../process/world.ts';
import { findBot, sharedPings } from '../../settings/installation.ts';
import type { Settings } from '../../settings/settings.ts';
import { newSummary } from '../ending.ts';
import { passWith, readPassSettings, runPass } from '../pass.ts';
import { endWithoutSettings, isForMail, isPretty, levelOf, type PassOptions } from '../report.ts';
import { type Bot, listBots } from './bots.ts';
import { type Entry, joined } from './entry.ts';
import { type Place, workOffLine } from './line.ts';
import { type Share, shareOfJob } from './share.ts';
import { Voices } from './voices.ts';

export interface ManyOptions {
  directory: string;
  /** Bots at work at once. */
  parallel: number;
  /** Null for all bots, unless an Indexed Job names a share. */
  share: Share | null;
  /** How long a bot may be at work while others wait, in milliseconds. */
  turnMs?: number;
  /** From 0 to 1: where in the order of names a pass begins, so that the last are not the last each time. */
  start?: number;
}

/** Long enough for what is due of most bots, and no long wait for the others. */
const usualTurnMs = 20_000;

/** A job's pass for the one bot that `--bot` names. Never throws. @returns the exit code */
export async function runPassOf(
  name: string,
  directory: string,
  job: Job,
  options: PassOptions,
  world: World,
): Promise<number> {
  try {
    return await runPass(job, { ...options, ...findBot(directory, name) }, world);
  } catch (error) {
    return endWithoutSettings(job, newSummary(job, options.dryRun), error, options, world);
  }
}

/**
 * A pass of a job for each bot of a directory. What one bot meets costs the others nothing but its turn. Never throws.
 * @returns the worst exit code
 */
export async function runMany(job: Job, options: PassOptions, many: ManyOptions, world: World): Promise<number> {
  try {
    return await new Many(job, options, many, world).run();
  } catch (error) {
    const text = errorText(error, null);
    complain(world.stderr, job.name, text);
    if (options.json) safeWriter(world.stdout)(`${JSON.stringify({ bots: [], error: text })}\n`);
    return exitCodeOfError(error);
  }
}

class Many {
  readonly #job: Job;
  readonly #options: PassOptions;
  readonly #many: ManyOptions;
  readonly #world: World;
  readonly #entries = new Map<Bot, Entry>();
  readonly #voices: Voices;
  /** PING_URL of each bot. */
  readonly #pings = new Map<string, string | null>();
  /** Those that gave way, with the reason: they do not a second time. */
  readonly #gaveWay = new Map<Bot, string>();

  constructor(job: Job, options: PassOptions, many: ManyOptions, world: World) {
    this.#job = job;
    this.#options = options;
    this.#many = many;
    this.#world = world;
    this.#voices = new Voices(world, isForMail(options));
  }

  /** @throws SettingsError, UsageError where not one pass can be made */
  async run(): Promise<number> {
    const { directory, parallel, turnMs = usualTurnMs, start = Math.random() } = this.#many;
    const share = this.#many.share ?? shareOfJob(this.#world.env);
    const bots = listBots(directory, share, this.#options);
    if (this.#options.stayMs > 0 && parallel < bots.length) {
      throw new UsageError(
        `--stay: each of ${bots.length} bots stays with its own connection; expected --parallel ${bots.length} or more`,
      );
    }
    const { maxRuntimeMs } = this.#options;
    const first = Math.floor(start * bots.length) % Math.max(1, bots.length);
    const inTurn = [...bots.slice(first), ...bots.slice(0, first)];
    const line = { parallel, turnMs, maxRuntimeMs, signal: this.#world.signal };
    const waiting = await workOffLine(inTurn, line, (bot, place) => this.#takeTurn(bot, place));
    const unreached = waiting.filter((bot) => !this.#entries.has(bot) && !this.#gaveWay.has(bot));
    for (const bot of waiting) if (!this.#entries.has(bot)) await this.#noteWaiting(bot);
    return this.#finish(bots, unreached);
  }

  /** @returns whether the bot goes back to the end of the line */
  async #takeTurn(bot: Bot, place: Place): Promise<boolean> {
    const { name } = bot;
    let settings: Settings;
    try {
      settings = readPassSettings(this.#job, bot.options, this.#world);
    } catch (error) {
      await this.#fail(bot, exitCodeOfError(error), errorText(error, null));
      return false;
    }
    this.#pings.set(name, settings.pingUrl);
    const givesWay = place.othersWait && !this.#gaveWay.has(bot);
    const options = { ...bot.options, maxRuntimeMs: place.msLeft };
    const turn = { over: place.over, givesWay };
    const ending = await this.#voices
      .hear(name, (world) => passWith(settings, this.#job, options, world, turn))
      .catch((error: unknown) => ({ error }));
    if (!('exitCode' in ending)) {
      const hide = (text: string): string => redact(text, settings.secrets);
      await this.#fail(bot, exitCodes.defect, describeDefect(ending.error, hide));
      return false;
    }
    if (ending.exitCode === null) {
      this.#gaveWay.set(bot, ending.error);
      return true;
    }
    const { exitCode, summary } = ending;
    this.#entries.set(bot, joined(this.#entries.get(bot), { bot: name, exit_code: exitCode, summary }));
    return place.over.aborted && summary.stop_reason === 'deadline' && this.#mayReturn();
  }

  /** A second turn would begin to count again, or post again. */
  #mayReturn(): boolean {
    const { limit, force, dryRun } = this.#options;
    return limit === null && !force && !dryRun;
  }

  /** What becomes of one that had no turn; or one in which its database did not answer, and none after it. */
  async #noteWaiting(bot: Bot): Promise<void> {
    const { name } = bot;
    const isSignalled = this.#world.signal.aborted;
    const error = this.#gaveWay.get(bot);
    if (error !== undefined && !isSignalled) await this.#fail(bot, exitCodes.unavailable, error);
    else {
      const exit_code = isSignalled ? exitCodes.interrupted : exitCodes.ok;
      this.#entries.set(bot, { bot: name, exit_code, summary: null, unreached: true });
    }
  }

  /** A bot that did not come to a pass is told of with its name. */
  async #fail(bot: Bot, exitCode: number, error: string): Promise<void> {
    const { name } = bot;
    await this.#voices.hear(name, async ({ stderr }) => {
      complain(stderr, this.#job.name, error, name);
      return { exitCode };
    });
    this.#entries.set(bot, { bot: name, exit_code: exitCode, summary: null, error });
  }

  async #finish(bots: readonly Bot[], unreached: readonly Bot[]): Promise<number> {
    const { json, dryRun } = this.#options;
    const entries = [...this.#entries.values()].sort((a, b) => (a.bot < b.bot ? -1 : 1));
    const exitCode = worstOf(entries.map(({ exit_code }) => exit_code));
    this.#voices.release();
    await this.#log(bots, unreached, entries, exitCode);
    const print = safeWriter(this.#world.stdout);
    if (json) print(`${JSON.stringify({ bots: entries })}\n`);
    else if (dryRun) print(this.#voices.plans());
    return exitCode;
  }

  async #log(bots: readonly Bot[], unreached: readonly Bot[], entries: readonly Entry[], exitCode: number) {
    const { name } = this.#job;
    const log = createLog({
      stream: this.#world.stderr,
      level: levelOf(this.#options),
      color: wantsColor(this.#world, this.#world.stderr),
      base: { job: name },
      redact: (text) => text,
      pretty: isPretty(this.#options, this.#world),
    });
    const pings = [...this.#pings].sort().map(([bot, pingUrl]) => ({ name: bot, pingUrl }));
    for (const { names } of sharedPings(pings)) {
      log.warn({ bots: names }, `PING_URL: the same for ${listed(names)}: the one's success hides the other's failure`);
    }
    if (unreached.length > 0) {
      const names = unreached.map((bot) => bot.name).sort();
      const why = this.#world.signal.aborted ? 'a signal came' : 'the time was over';
      log.warn({ bots: names }, `${names.length} of ${bots.length} bots not reached before ${why}: ${listed(names)}`);
    }
    const unwell = entries.filter(({ exit_code }) => exit_code !== exitCodes.ok).map(({ bot }) => bot);
    const level = exitCode === exitCodes.ok ? 'info' : exitCode === exitCodes.interrupted ? 'warn' : 'error';
    const verdict = unwell.length === 0 ? 'all well' : `not well: ${listed(unwell)}`;
    // Under --quiet each of them has said so itself.
    if (!isForMail(this.#options)) {
      log[level]({ bots: bots.length, not_well: unwell }, `${name} for ${bots.length} bots: ${verdict}`);
    }
    await log.flush();
  }
}

/** Names enough to look at; the fields and `--json` hold them all. */
const mostListed = 20;

function listed(names: readonly string[]): string {
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : '';
  return names.slice(0, mostListed).join(', ') + more;
}
