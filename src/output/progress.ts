import type { TextStream } from '../process/world.ts';
import { formatCount, formatDuration, formatPercent, formatRate } from './format.ts';
import type { CommandLog, Progress } from './log.ts';
import { safeWriter } from './output.ts';

export interface ProgressOptions {
  stream: TextStream;
  /** A bar on the stream if true, else lines in the log. */
  isTTY: boolean;
  log: CommandLog;
  /** Milliseconds of a clock that never goes back, such as `performance.now`. */
  now: () => number;
}

const redrawEveryMs = 100;
const logEveryMs = 30_000;
const barCells = 20;

/** How far the work has come at one moment. */
export interface Position {
  done: number;
  /** Null where it is not known. */
  total: number | null;
  unit: string;
  elapsedMs: number;
}

/**
 * Shows long work: a bar on a terminal, elsewhere a log line at most every 30 s. It draws when the work advances and sets no
 * timer, so that a forgotten `stop` holds up nothing.
 */
export function createProgress({ stream, isTTY, log, now }: ProgressOptions): Progress {
  return isTTY ? barProgress(stream, log, now) : logProgress(log, now);
}

/** `12,000 of 1,000,000 messages (1 %), 25/s, 10 h 59 min left`; what is not known is left out. @internal */
export function progressText(position: Position): string {
  const { done, total, unit } = position;
  const { perSecond, msLeft } = pace(position);
  const parts = [
    total === null
      ? `${formatCount(done)} ${unit}`
      : `${formatCount(done)} of ${formatCount(total)} ${unit} (${formatPercent(done, total)})`,
  ];
  if (perSecond !== null) parts.push(formatRate(perSecond));
  if (msLeft !== null) parts.push(`${formatDuration(msLeft)} left`);
  return parts.join(', ');
}

/** The average since the start, and how long the rest takes at that pace. */
function pace({ done, total, elapsedMs }: Position): { perSecond: number | null; msLeft: number | null } {
  if (done <= 0 || elapsedMs <= 0) return { perSecond: null, msLeft: null };
  const left = total === null ? 0 : total - done;
  return { perSecond: (done / elapsedMs) * 1000, msLeft: left > 0 ? (left / done) * elapsedMs : null };
}

function logProgress(log: CommandLog, now: () => number): Progress {
  let work: { total: number | null; unit: string; startedAt: number; loggedAt: number; done: number } | null = null;
  return {
    wantsTotal: false,
    start(total, unit) {
      work = { total, unit, startedAt: now(), loggedAt: now(), done: 0 };
    },
    advance(n) {
      if (!work) return;
      work.done += n;
      const time = now();
      if (time - work.loggedAt < logEveryMs) return;
      work.loggedAt = time;
      const position = { done: work.done, total: work.total, unit: work.unit, elapsedMs: time - work.startedAt };
      log.info({ done: position.done, total: position.total, unit: position.unit }, progressText(position));
    },
    stop() {
      work = null;
    },
  };
}

/**
 * The bar of a terminal's last line. cli-progress would put the cursor back to where the bar began, which by then can be a
 * line of the log, and draws by a timer.
 */
function barProgress(stream: TextStream, log: CommandLog, now: () => number): Progress {
  const out = safeWriter(stream);
  let work: { total: number | null; unit: string; startedAt: number; drawnAt: number; done: number } | null = null;
  const clear = () => out('\r\x1b[2K');
  const draw = () => {
    if (!work) return;
    work.drawnAt = now();
    const elapsedMs = work.drawnAt - work.startedAt;
    const position = { done: work.done, total: work.total, unit: work.unit, elapsedMs };
    // One column stays free: a full line would wrap, and only its second half could be cleared.
    const room = (stream.columns || 80) - 1;
    const text = barText(position);
    out(`\r\x1b[2K${text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text}`);
  };
  return {
    wantsTotal: true,
    start(total, unit) {
      work = { total, unit, startedAt: now(), drawnAt: 0, done: 0 };
      log.overlay({ clear, redraw: draw });
      draw();
    },
    advance(n) {
      if (!work) return;
      work.done += n;
      if (now() - work.drawnAt >= redrawEveryMs) draw();
    },
    stop() {
      if (!work) return;
      work = null;
      log.overlay(null);
      clear();
    },
  };
}

function barText(position: Position): string {
  const { done, total } = position;
  if (total === null || total <= 0) return progressText(position);
  const full = Math.floor(Math.min(done / total, 1) * barCells);
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${progressText(position)}`;
}
