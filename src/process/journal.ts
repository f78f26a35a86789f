/** systemd's journal, as far as the program must know it. */
import { fstatSync } from 'node:fs';

/**
 * Whether a file descriptor leads to the journal. A variable alone would not do: it is handed on to children whose output goes
 * elsewhere. Source: systemd.exec(5), "JOURNAL_STREAM".
 */
export function leadsToJournal(
  fd: number,
  { JOURNAL_STREAM: stream }: Readonly<Record<string, string | undefined>>,
): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Numbers of syslog(3). */
const priorities = { error: 3, warn: 4, info: 6, debug: 7 } as const;

/** Each line of the text with its priority before it, where the stream is the journal. Source: sd-daemon(3). */
export function withPriority(
  stream: { isJournal?: boolean | undefined },
  level: keyof typeof priorities,
  text: string,
): string {
  return stream.isJournal === true ? text.replace(/^(?=.)/gm, `<${priorities[level]}>`) : text;
}
