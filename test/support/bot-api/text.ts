/** What Telegram checks in a message's text and buttons before it looks at anything else. */
import { badRequest } from './answers.ts';
import { parseMarkdownV2 } from './markdown-v2.ts';
import { isRecord, type Params, stringOf } from './request.ts';

export interface CheckedText {
  text: string;
  entities: readonly unknown[];
}

const longestText = 4096;
// Telegram documents neither; these are round numbers in the right order of size.
const longestMarkup = 10_000;
const mostButtons = 100;

/** Reads `text`, `parse_mode` and `entities`. Throws `Refused` as Telegram would. */
export function readText(params: Params): CheckedText {
  const text = stringOf(params.text);
  if (text === '') throw badRequest('message text is empty');
  const mode = stringOf(params.parse_mode).toLowerCase();
  if (mode === 'markdownv2') return parseMarkdownV2(text);
  if (mode === 'html' || mode === 'markdown') throw new Error(`parse_mode ${mode} is not simulated`);
  if (mode !== '' && mode !== 'none') throw badRequest('unsupported parse_mode');
  return { text, entities: readEntities(params.entities) };
}

function readEntities(entities: unknown): readonly unknown[] {
  if (entities === undefined) return [];
  if (!Array.isArray(entities)) throw badRequest("can't parse entities JSON object");
  for (const entity of entities) {
    const sound =
      isRecord(entity) &&
      typeof entity.type === 'string' &&
      Number.isInteger(entity.offset) &&
      Number.isInteger(entity.length);
    if (!sound) throw badRequest("can't parse MessageEntity: Object expected with type, offset and length");
    if (entity.type === 'text_link') checkAddress('entity', stringOf(entity.url));
  }
  return entities;
}

/** Checked after the chat was found. */
export function checkLength(text: string): void {
  if (text.trim() === '') throw badRequest('message text is empty');
  if (text.length > longestText) throw badRequest('message is too long');
}

/** Checks an inline keyboard and the addresses of its buttons. */
export function checkMarkup(markup: unknown): void {
  if (markup === undefined || markup === null) return;
  if (!isRecord(markup)) throw badRequest("can't parse reply keyboard markup JSON object");
  const rows = markup.inline_keyboard;
  if (rows === undefined) return;
  if (!Array.isArray(rows) || !rows.every(Array.isArray)) {
    throw badRequest('field "inline_keyboard" must be an Array of Arrays');
  }
  const buttons: unknown[] = rows.flat();
  for (const button of buttons) checkButton(button);
  if (buttons.length > mostButtons || Buffer.byteLength(JSON.stringify(markup)) > longestMarkup) {
    throw badRequest('reply markup is too long');
  }
}

function checkButton(button: unknown): void {
  const unparsable = "can't parse inline keyboard button: ";
  if (!isRecord(button)) throw badRequest(`${unparsable}InlineKeyboardButton must be an Object`);
  if (stringOf(button.text) === '') throw badRequest(`${unparsable}Can't find field "text"`);
  const url = stringOf(button.url);
  if (url !== '') checkAddress('inline keyboard button', url);
  else if (Object.keys(button).length < 2 || 'url' in button) {
    throw badRequest(`${unparsable}Text buttons are unallowed in the inline keyboard`);
  }
}

function checkAddress(of: string, url: string): void {
  const fault = faultOfAddress(url);
  if (fault !== null) throw badRequest(`${of} URL '${url}' is invalid: ${fault}`);
}

/** An address without a scheme counts as http. A host without a dot is refused. */
function faultOfAddress(url: string): string | null {
  const [, scheme = 'http', rest = ''] = /^(?:([^:/?#]*):\/\/)?(.*)$/s.exec(url) ?? [];
  const lower = scheme.toLowerCase();
  const host = (/^[^/?#]*/.exec(rest)?.[0] ?? '').replace(/^.*@/, '').replace(/:\d*$/, '');
  if (lower === 'tg') return /^[a-z0-9_-]+$/i.test(host) ? null : 'Wrong tg URL';
  if (lower !== 'http' && lower !== 'https') return 'Unsupported URL protocol';
  if (host === '') return 'URL host is empty';
  return host.includes('.') && !/\s/.test(host) ? null : 'Wrong HTTP URL';
}
