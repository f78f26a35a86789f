import { safeWriter } from '../../output/output.ts';
import { collecting, signalsOf, type World, worldWith } from '../../process/world.ts';

/** What the passes of many bots say where it is told in order at the end: their plans, and the mail of those that are not well. */
export class Voices {
  readonly #world: World;
  readonly #isMail: boolean;
  readonly #plans = new Map<string, string>();
  readonly #withSignal: ReturnType<typeof signalsOf>;
  #firstLines = '';
  #rest = '';

  /** @param isMail what goes to stderr waits as well */
  constructor(world: World, isMail: boolean) {
    this.#world = world;
    this.#isMail = isMail;
    this.#withSignal = signalsOf(world.signal);
  }

  /** Runs what one bot does. @param work is given the bot's own world, and returns the exit code; null for nothing done */
  async hear<T extends { exitCode: number | null }>(bot: string, work: (world: World) => Promise<T>): Promise<T> {
    const stdout = collecting(this.#world.stdout);
    const stderr = this.#isMail ? collecting(this.#world.stderr) : null;
    const result = await this.#withSignal((signal) =>
      work(worldWith(this.#world, { stdout, stderr: stderr ?? this.#world.stderr, signal })),
    );
    if (stdout.text() !== '') this.#plans.set(bot, stdout.text());
    if (stderr === null) return result;
    // One that went wrong has said so in its first line.
    const text = stderr.text();
    const end = result.exitCode === 0 ? 0 : text.indexOf('\n') + 1;
    this.#firstLines += text.slice(0, end);
    this.#rest += text.slice(end);
    return result;
  }

  /** The plans of dry runs, each under its bot's name. */
  plans(): string {
    const inOrder = [...this.#plans].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.map(([bot, plan]) => `${bot}\n${plan.replace(/^(?=.)/gm, '  ')}`).join('\n');
  }

  /** Says on stderr what has waited. */
  release(): void {
    if (this.#firstLines + this.#rest !== '') safeWriter(this.#world.stderr)(this.#firstLines + this.#rest);
  }
}
