/** What an answer of the Bot API means, as a value. */

/** Whom a refusal concerns: one message, the call as it was made, or nobody can tell. */
export type Scope = 'message' | 'call' | 'unknown';

export type Outcome<T = true> =
  | { kind: 'ok'; result: T }
  /** The message to delete is not there: done already. */
  | { kind: 'gone'; description: string }
  /** Too old if 48 hours have passed, else rights are missing, or it is a dice of today. */
  | { kind: 'undeletable'; description: string }
  /** The same edit was made before: done. */
  | { kind: 'unmodified' }
  /** The message to edit is not there, is not the bot's, or holds no text. */
  | { kind: 'uneditable'; description: string }
  /** The text or its button is at fault, in every chat alike. */
  | { kind: 'bad_text'; description: string }
  /** `proven`: the answer itself proves that the chat knew this bot; else a wrong bot would hear the same. */
  | { kind: 'chat_unreachable'; description: string; proven: boolean }
  /** The group became a supergroup: sends go to `chatId`; old message ids do not carry over. */
  | { kind: 'chat_moved'; chatId: string }
  /** Rights are missing in the chat: an operator can mend it. */
  | { kind: 'forbidden'; description: string }
  /** The token or the address is wrong: the pass cannot go on. */
  | { kind: 'token_refused'; description: string }
  /** The bot as a whole is refused, such as a frozen account: it says nothing of a chat. */
  | { kind: 'bot_refused'; description: string }
  /** A server too old for the method. */
  | { kind: 'method_unknown'; description: string }
  /** Nothing was done; ask again after this many seconds (1 to 10,000,000). */
  | { kind: 'rate_limited'; retryAfterSeconds: number }
  /** Nothing was done, for a reason of the chat or the server that passes. */
  | { kind: 'later'; description: string }
  /** The message was sent, and deleted at once by the chat: do not repeat it. */
  | { kind: 'already_sent' }
  /** The call may or may not have been carried out. `status`: the code of the Bot API's answer; null where it gave none. */
  | { kind: 'unanswered'; description: string; status: number | null }
  /** Proven: the call did not reach Telegram, so a send may be repeated. */
  | { kind: 'not_sent'; description: string }
  /** Any other 4xx. */
  | { kind: 'refused'; description: string; scope: Scope };

/** Telegram's own words for an outcome that is no success, else its kind. */
export function wordsOf(outcome: Outcome<unknown>): string {
  return 'description' in outcome ? outcome.description : outcome.kind;
}
