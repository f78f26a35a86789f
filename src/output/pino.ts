import { pino } from 'pino';
import { withPriority } from '../process/journal.ts';
import type { Log, LogOptions, WriteLine } from './log.ts';
import { plainFields } from './log-fields.ts';
import { ofBot, printable } from './output.ts';

/**
 * Loads pino, and for readable lines pino-pretty. Both write in this process and at once: pino's transports would run in a
 * worker thread, and what they hold is lost at exit.
 * @param print is given each line whole, newline included
 */
export async function createPino(options: LogOptions, print: (line: string) => void): Promise<WriteLine> {
  const { level, base, pretty } = options;
  const redact = pretty ? (text: string) => printable(options.redact(text)) : options.redact;
  const detailed = level === 'trace' || level === 'debug';
  const rules = { redact, stacks: detailed };
  const plainBase = plainFields(base, rules);
  const render = pretty ? await prettyLines(options, detailed) : (json: string) => json;
  // pino hands over the line alone.
  let writing: keyof Log = 'info';
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are plain objects by then.
      serializers: { err: (value: unknown) => value },
      // A line's own fields win, and none stands there twice.
      mixin: () => (pretty ? {} : { ...plainBase }),
    },
    {
      write: (json: string) => print(withPriority(options.stream, writing, options.redact(render(json)))),
    },
  );
  return (level, fields, message) => {
    // For a person the message of a good line says it all; the fields explain what went wrong.
    writing = level;
    const shown = pretty && level === 'info' && !detailed ? {} : plainFields(fields, rules);
    logger[level](shown, redact(pretty ? `${ofBot(base.bot ?? null)}${message}` : message));
  };
}

async function prettyLines({ color }: LogOptions, detailed: boolean): Promise<(json: string) => string> {
  const { prettyFactory } = await import('./log-pretty.ts');
  const prettify = prettyFactory({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    // Without its stack an error fits on the line.
    errorLikeObjectKeys: detailed ? ['err'] : [],
  });
  return (json) => prettify(json) ?? '';
}
