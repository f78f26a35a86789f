/** The errors that end a pass. Their messages are for operators: they name the thing, the value and the way out. */

/** Wrong usage of the command line (exit code 64). */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Settings are missing or malformed, or the database is not migrated (exit code 78). One line a problem. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly problems: readonly string[];
  /** What the bot is called whose settings they are; null where that is not known, or said elsewhere. */
  readonly bot: string | null;
  constructor(problems: readonly string[], bot: string | null = null) {
    super(problems.join('\n'));
    this.problems = problems;
    this.bot = bot;
  }
}

/** The database or Telegram cannot be reached (exit code 69). */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

/** Telegram refuses the token (exit code 77). */
export class TokenRefusedError extends Error {
  override name = 'TokenRefusedError';
}

/** Telegram refuses the bot as a whole: its account is frozen, or so many chats in a row refuse it (exit code 77). */
export class BotRefusedError extends Error {
  override name = 'BotRefusedError';
}

/** The database refuses a row: a constraint, a trigger or a value is against it. A statement without the row goes through. */
export class RowRefusedError extends Error {
  override name = 'RowRefusedError';
  /** SQLSTATE. */
  readonly code: string;
  readonly words: string;
  /** @param cause as the driver threw it */
  constructor(code: string, words: string, cause: unknown) {
    super(`the database refuses a row: ${words}`, { cause });
    this.code = code;
    this.words = words;
  }
}

/** The words of whatever was thrown. Node reports a refused connection to several addresses as one error that has none of its own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** The code that Node or PostgreSQL gave an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
