import type { CommandLog, LogLevel, LogOptions, Overlay, WriteLine } from './log.ts';
import { safeWriter } from './output.ts';

/** Those of pino, which is not loaded to know that a line is not wanted. */
const ranks: Record<LogLevel, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 100 };

/**
 * A log that loads pino with its first line, so that a pass that says nothing does not pay for it. Lines asked for while pino
 * loads wait in order; every later line is written before the call returns. Never throws, whatever becomes of the stream.
 */
export function createLog(options: LogOptions): CommandLog {
  const out = safeWriter(options.stream);
  let overlay: Overlay | null = null;
  const print = (line: string) => {
    overlay?.clear();
    out(line);
    overlay?.redraw();
  };
  let writeLine: WriteLine | null = null;
  let loading: Promise<void> | null = null;
  const waiting: Parameters<WriteLine>[] = [];
  const load = async () => {
    const { createPino } = await import('./pino.ts');
    const loaded = await createPino(options, print);
    for (const line of waiting.splice(0)) loaded(...line);
    writeLine = loaded;
  };
  const write: WriteLine = (level, fields, message) => {
    if (ranks[level] < ranks[options.level]) return;
    if (writeLine !== null) return writeLine(level, fields, message);
    waiting.push([level, fields, message]);
    loading ??= load();
  };

  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    flush: async () => {
      await loading;
    },
    overlay: (next) => {
      overlay = next;
    },
  };
}
