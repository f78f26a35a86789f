/** What the Bot API answers, and the refusals with Telegram's own texts. */

export interface Parameters {
  retry_after?: number;
  migrate_to_chat_id?: number;
}

export interface RefusalBody {
  ok: false;
  error_code: number;
  description: string;
  parameters?: Parameters;
}

export type Answer = { ok: true; result: unknown } | RefusalBody;

/** Thrown by whatever finds a call at fault; the server answers with its body. */
export class Refused extends Error {
  override name = 'Refused';
  readonly body: RefusalBody;
  constructor(code: number, description: string, parameters?: Parameters) {
    super(description);
    this.body = { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) };
  }
}

export const badRequest = (text: string, parameters?: Parameters) =>
  new Refused(400, `Bad Request: ${text}`, parameters);
export const forbidden = (text: string) => new Refused(403, `Forbidden: ${text}`);
export const unauthorized = () => new Refused(401, 'Unauthorized');
export const notFound = () => new Refused(404, 'Not Found');
/** A good token, and a method that this server is too old for. */
export const methodNotFound = () => new Refused(404, 'Not Found: method not found');
export const tooManyRequests = (seconds: number) =>
  new Refused(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
