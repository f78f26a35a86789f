import type { TextStream } from '../process/world.ts';

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

/** `auto`: readable lines on a terminal, JSON elsewhere. */
export type LogFormat = 'auto' | 'pretty' | 'json';

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
  /** Stand in every line of JSON; a line's own fields of the same name win. A readable line begins with `bot` of them. */
  base: Readonly<Record<string, string>>;
  /** Blacks out secrets in a text. */
  redact: (text: string) => string;
  /** Readable lines for a terminal instead of JSON. */
  pretty: boolean;
}

export type WriteLine = (level: keyof Log, fields: object, message: string) => void;
