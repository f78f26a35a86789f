import type { DeadlineGroup } from '../../store/deadlines.ts';

/** The due work of one job on a bot's budget. */
export interface Queue {
  /** Seconds from now until its pass starts; 0 while one is under way. */
  startsInSeconds: number;
  groups: readonly DeadlineGroup[];
}

/** How the work of a job will go. */
export interface Forecast {
  /** Calls that will be made. */
  calls: number;
  /** Seconds from now until nothing of it is left. */
  endsInSeconds: number;
  /** Messages that are past 48 hours now: they are given up without a call. */
  pastAlready: number;
  /** Messages that pass 48 hours before their turn. */
  passFirst: number;
  /** As many of them as do so within the next hour. */
  passWithinHour: number;
}

const soonSeconds = 3_600;

/**
 * Plays jobs that share one budget: each works on the messages nearest to 48 hours first, those that pass it cost no
 * call, and jobs that have work at the same time share the rate.
 * @param rate calls a second
 * @param pausedSeconds how long no call may be made
 */
export function forecast(queues: readonly Queue[], rate: number, pausedSeconds: number): Forecast[] {
  const runs = queues.map((queue) => new Run(queue, pausedSeconds));
  let now = 0;
  for (;;) {
    for (const run of runs) run.giveUp(now);
    const open = runs.filter((run) => run.hasWork);
    if (open.length === 0) return runs.map((run) => run.result);
    const atWork = open.filter((run) => run.startsAt <= now);
    const share = rate / Math.max(1, atWork.length);
    const events = [
      ...atWork.map((run) => now + run.secondsOfFirst(share)),
      ...atWork.map((run) => run.firstDeadline),
      ...open.filter((run) => run.startsAt > now).map((run) => run.startsAt),
    ];
    const next = Math.min(...events);
    for (const run of atWork) run.work((next - now) * share, next);
    now = next;
  }
}

/** Less than this of a call is the rounding of numbers, not work. */
const hardlyAnything = 1e-6;

class Run {
  readonly startsAt: number;
  readonly result: Forecast = { calls: 0, endsInSeconds: 0, pastAlready: 0, passFirst: 0, passWithinHour: 0 };
  readonly #groups: DeadlineGroup[];
  #first = 0;

  constructor({ startsInSeconds, groups }: Queue, pausedSeconds: number) {
    this.startsAt = Math.max(startsInSeconds, pausedSeconds);
    this.#groups = groups.map((group) => ({ ...group })).sort((a, b) => a.seconds - b.seconds);
  }

  get hasWork(): boolean {
    return this.#first < this.#groups.length;
  }

  get firstDeadline(): number {
    return this.#groups[this.#first]?.seconds ?? Number.POSITIVE_INFINITY;
  }

  secondsOfFirst(share: number): number {
    return (this.#groups[this.#first]?.calls ?? 0) / share;
  }

  /** Drops what has passed its deadline. */
  giveUp(now: number): void {
    for (
      let group = this.#groups[this.#first];
      group !== undefined && group.seconds <= now;
      group = this.#groups[this.#first]
    ) {
      const { result } = this;
      if (group.seconds <= 0) result.pastAlready += Math.round(group.messages);
      else {
        result.passFirst += Math.round(group.messages);
        if (group.seconds <= soonSeconds) result.passWithinHour += Math.round(group.messages);
      }
      result.endsInSeconds = Math.max(result.endsInSeconds, this.startsAt);
      this.#first++;
    }
  }

  /** Makes so many calls for the first group, until `until`. */
  work(calls: number, until: number): void {
    const group = this.#groups[this.#first];
    if (group === undefined) return;
    this.result.calls += Math.min(calls, group.calls);
    const left = group.calls - calls;
    if (left <= hardlyAnything) {
      this.#first++;
      this.result.endsInSeconds = Math.max(this.result.endsInSeconds, until);
    } else {
      group.messages *= left / group.calls;
      group.calls = left;
    }
  }
}
