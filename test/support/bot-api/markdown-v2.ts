/** MarkdownV2 as Telegram reads it: every reserved character is part of an entity or escaped, every entity is closed. */
import { badRequest } from './answers.ts';

export interface Entity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
}

interface Mark {
  open: string;
  close: string;
  type: string;
  /** The name in Telegram's error text. */
  name: string;
}

// Longer marks first: `__` is an underline, not two italics.
const marks: readonly Mark[] = [
  { open: '```', close: '```', type: 'pre', name: 'Pre' },
  { open: '`', close: '`', type: 'code', name: 'Code' },
  { open: '__', close: '__', type: 'underline', name: 'Underline' },
  { open: '_', close: '_', type: 'italic', name: 'Italic' },
  { open: '*', close: '*', type: 'bold', name: 'Bold' },
  { open: '~', close: '~', type: 'strikethrough', name: 'Strikethrough' },
  { open: '||', close: '||', type: 'spoiler', name: 'Spoiler' },
  { open: '![', close: ']', type: 'custom_emoji', name: 'CustomEmoji' },
  { open: '[', close: ']', type: 'text_link', name: 'TextUrl' },
];
const quote: Mark = { open: '>', close: '\n', type: 'blockquote', name: 'BlockQuote' };
const reserved = new Set('_*[]()~`>#+-=|{}.!');

interface Open extends Mark {
  /** Where it begins in the text that readers see, in UTF-16 units. */
  offset: number;
  /** Where it begins in the source. */
  at: number;
  language?: string;
}

const unparsable = (text: string) => badRequest(`can't parse entities: ${text}`);

/** The text that readers see, with its entities. Throws `Refused` (400 `can't parse entities`) where the source is wrong. */
export function parseMarkdownV2(source: string): { text: string; entities: Entity[] } {
  const open: Open[] = [];
  const entities: Entity[] = [];
  let text = '';
  let at = 0;

  const byteOffset = (index: number) => Buffer.byteLength(source.slice(0, index));
  const unclosed = (entity: Open) =>
    unparsable(`Can't find end of ${entity.name} entity at byte offset ${byteOffset(entity.at)}`);
  const end = (entity: Open, url?: string) => {
    open.pop();
    const length = text.length - entity.offset;
    if (length === 0) return;
    const { type, offset, language } = entity;
    entities.push({ type, offset, length, ...(url ? { url } : {}), ...(language ? { language } : {}) });
  };
  /** Reads `(address)` after a link's text; null where there is none. */
  const readAddress = (): string | null => {
    if (source[at] !== '(') return null;
    const begin = at + 1;
    let address = '';
    for (at++; source[at] !== ')'; at++) {
      if (at >= source.length) throw unparsable(`Can't find end of a URL at byte offset ${byteOffset(begin)}`);
      if (source[at] === '\\') at++;
      address += source[at] ?? '';
    }
    at++;
    return address;
  };

  while (at < source.length) {
    const character = source.charAt(at);
    const next = source.charCodeAt(at + 1);
    const inner = open.at(-1);
    const inQuote = open[0]?.type === 'blockquote';

    if (character === '\\' && next > 0 && next <= 126) {
      text += source.charAt(at + 1);
      at += 2;
    } else if (inner && source.startsWith(inner.close, at) && closesHere(source, at, inner)) {
      at += inner.close.length;
      if (inner.type === 'custom_emoji' && source[at] !== '(') {
        throw unparsable('Custom emoji entity must contain a tg://emoji URL');
      }
      const isLink = inner.type === 'text_link' || inner.type === 'custom_emoji';
      end(inner, isLink ? (readAddress() ?? text.slice(inner.offset)) : undefined);
      if (inner.type === 'blockquote') text += '\n';
    } else if (inner?.type === 'pre' || inner?.type === 'code') {
      text += character;
      at++;
    } else if (character === '\n') {
      const quoteGoesOn = source[at + 1] === '>';
      if (inQuote && !quoteGoesOn && inner) throw unclosed(inner);
      text += character;
      at += quoteGoesOn ? 2 : 1;
      if (quoteGoesOn && !inQuote) open.push({ ...quote, offset: text.length, at: at - 1 });
    } else if (character === '>' && at === 0) {
      open.push({ ...quote, offset: 0, at });
      at++;
    } else {
      const mark = marks.find(({ open: opening }) => source.startsWith(opening, at));
      if (mark) {
        const begin = at;
        at += mark.open.length;
        const language = mark.type === 'pre' ? /^([^\s`]+)\s/.exec(source.slice(at))?.[1] : undefined;
        if (language !== undefined) at += language.length;
        if (mark.type === 'pre' && source[at] === '\n') at++;
        open.push({ ...mark, offset: text.length, at: begin, ...(language ? { language, name: 'PreCode' } : {}) });
      } else if (reserved.has(character)) {
        throw unparsable(`Character '${character}' is reserved and must be escaped with the preceding '\\'`);
      } else {
        text += character;
        at++;
      }
    }
  }

  const last = open.at(-1);
  if (last?.type === 'blockquote') end(last);
  else if (last) throw unclosed(last);
  return { text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

function closesHere(source: string, at: number, inner: Open): boolean {
  if (inner.type === 'italic') return source[at + 1] !== '_';
  if (inner.type === 'blockquote') return source[at + 1] !== '>';
  return true;
}
