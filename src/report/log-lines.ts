import { pino } from 'pino';
import type { LogLine, LogOptions } from './log.ts';

/**
 * Loads pino, and for readable lines pino-pretty, and returns what turns a line into its text, newline included. Both work in
 * this process and at once: pino's transports would run in a worker thread, and what they hold is lost at exit.
 */
export async function createLineFormat({
  level,
  color,
  pretty,
}: Pick<LogOptions, 'level' | 'color' | 'pretty'>): Promise<(line: LogLine) => string> {
  let time = new Date();
  let text = '';
  const logger = pino(
    {
      level: 'trace',
      base: null,
      timestamp: () => `,"time":"${time.toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are plain objects by now.
      serializers: { err: (value: unknown) => value },
    },
    {
      write: (json: string) => {
        text = json;
      },
    },
  );
  const toJson = (line: LogLine, fields: Record<string, unknown>) => {
    time = line.time;
    logger[line.level](fields, line.message);
    return text;
  };
  if (!pretty) return (line) => toJson(line, line.fields);

  const { prettyFactory } = await import('./log-pretty.ts');
  const detailed = level === 'trace' || level === 'debug';
  const prettify = prettyFactory({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    // Without its stack an error fits on the line.
    errorLikeObjectKeys: detailed ? ['err'] : [],
  });
  return (line) => {
    // For a person the message of a good line says it all; the fields explain what went wrong.
    const fields = line.level === 'info' && !detailed ? {} : line.fields;
    return prettify(toJson(line, fields)) ?? '';
  };
}
