import { plainFields } from './log-fields.ts';
import { safeWriter, type TextStream } from './output.ts';

/** Messages say what happened; fields hold the values. No field is named `level`, `time` or `msg`. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How far long work has come. Between `start` and `stop` only; `stop` may be called twice. */
export interface Progress {
  /** Somebody watches a bar, for which a total is worth a count. */
  readonly wantsTotal: boolean;
  /** `total`: null where it is not known. `unit`: what is counted, in the plural: `messages`. */
  start(total: number | null, unit: string): void;
  advance(n: number): void;
  stop(): void;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What stands below the last line of a terminal and must give way to a new line. */
export interface Overlay {
  clear(): void;
  redraw(): void;
}

/** The log of a command, with what its owner alone needs. */
export interface CommandLog extends Log {
  /** Resolves when every line so far is written. Await it before the process is ended by hand. */
  flush(): Promise<void>;
  overlay(overlay: Overlay | null): void;
}

export interface LogOptions {
  stream: TextStream;
  level: LogLevel;
  /** Whether readable lines are coloured. */
  color: boolean;
  /** Stand in every line of JSON; a line's own fields of the same name win. */
  base: Readonly<Record<string, string>>;
  /** Blacks out secrets in a text. */
  redact: (text: string) => string;
  /** Readable lines for a terminal instead of JSON. */
  pretty: boolean;
}

const ranks = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const;

/** A line as it was asked for; its time is that of the call, not of the writing. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  time: Date;
  fields: Record<string, unknown>;
  message: string;
}

/**
 * A log that loads pino with its first line, so that a pass that says nothing does not pay for it. Lines asked for while pino
 * loads wait in order; every later line is written before the call returns. Never throws, whatever becomes of the stream.
 */
export function createLog(options: LogOptions): CommandLog {
  const out = safeWriter(options.stream);
  const redact = options.pretty ? (text: string) => printable(options.redact(text)) : options.redact;
  const rules = { redact, stacks: ranks[options.level] <= ranks.debug };
  const base = plainFields(options.base, rules);
  const waiting: LogLine[] = [];
  let overlay: Overlay | null = null;
  let format: ((line: LogLine) => string) | null = null;
  let loading: Promise<void> | null = null;

  const print = (render: (line: LogLine) => string, line: LogLine) => {
    overlay?.clear();
    out(options.redact(render(line)));
    overlay?.redraw();
  };
  const load = async () => {
    const { createLineFormat } = await import('./log-lines.ts');
    const render = await createLineFormat(options);
    for (const line of waiting.splice(0)) print(render, line);
    format = render;
  };
  const write = (level: LogLine['level'], fields: object, message: string) => {
    if (ranks[level] < ranks[options.level]) return;
    const own = plainFields(fields, rules);
    const line = {
      level,
      time: new Date(),
      fields: options.pretty ? own : { ...base, ...own },
      message: redact(message),
    };
    if (format) return print(format, line);
    waiting.push(line);
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

/** Texts from outside must not move a terminal's cursor or change its colours. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}
