/**
 * Reads MarkdownV2 as Telegram documents it (core.telegram.org/bots/api#markdownv2-style), so that a text can be checked
 * before it is sent and shown on a terminal. Where the documentation is silent, this is the stricter.
 */

/** A stretch of the text that readers see. */
export interface Span {
  text: string;
  bold: boolean;
}

export type ReadMarkdown = { kind: 'ok'; spans: Span[] } | { kind: 'fault'; fault: string };

interface Mark {
  open: string;
  close: string;
  name: string;
  /** Nothing inside is markup but the closing mark. */
  verbatim?: true;
  /** The closing mark is followed by an address. */
  link?: true;
}

// Longer marks first: `__` is an underline, not two italics.
const marks: readonly Mark[] = [
  { open: '```', close: '```', name: 'code block', verbatim: true },
  { open: '`', close: '`', name: 'code', verbatim: true },
  { open: '||', close: '||', name: 'spoiler' },
  { open: '__', close: '__', name: 'underline' },
  { open: '_', close: '_', name: 'italic' },
  { open: '*', close: '*', name: 'bold' },
  { open: '~', close: '~', name: 'strikethrough' },
  { open: '![', close: ']', name: 'custom emoji', link: true },
  { open: '[', close: ']', name: 'link', link: true },
];

const reserved = '_*[]()~`>#+-=|{}.!';

class Fault extends Error {}

/** @returns the spans of the visible text, or the first fault in words, with its line and column */
export function readMarkdown(source: string): ReadMarkdown {
  try {
    return { kind: 'ok', spans: new Reader(source).read() };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', fault: error.message };
    throw error;
  }
}

class Reader {
  readonly #source: string;
  readonly #spans: Span[] = [];
  readonly #open: { mark: Mark; at: number }[] = [];
  /** Inside a block quotation, and whether it began with `**>`. */
  #quote: 'none' | 'plain' | 'expandable' = 'none';
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  read(): Span[] {
    this.#startLine();
    while (this.#at < this.#source.length) this.#step();
    this.#endOpen();
    return this.#spans;
  }

  #step(): void {
    const source = this.#source;
    const character = source.charAt(this.#at);
    const inner = this.#open.at(-1)?.mark;
    if (character === '\\') this.#escaped();
    else if (inner !== undefined && this.#closes(inner)) this.#close(inner);
    else if (inner?.verbatim) this.#show(1);
    else if (character === '\n') {
      this.#show(1);
      this.#startLine();
    } else if (this.#endsExpandable()) this.#at += 2;
    else {
      const mark = marks.find(({ open }) => source.startsWith(open, this.#at));
      if (mark !== undefined) this.#begin(mark);
      else if (reserved.includes(character)) throw this.#fault(`"${character}" must be written "\\${character}"`);
      else this.#show(1);
    }
  }

  #escaped(): void {
    const code = this.#source.charCodeAt(this.#at + 1);
    if (!(code >= 1 && code <= 126)) throw this.#fault('"\\" escapes nothing and must be written "\\\\"');
    this.#at++;
    this.#show(1);
  }

  /** `__` ends an underline, never two italics. */
  #closes({ name, close }: Mark): boolean {
    if (!this.#source.startsWith(close, this.#at)) return false;
    return name !== 'italic' || this.#source[this.#at + 1] !== '_';
  }

  #begin(mark: Mark): void {
    this.#open.push({ mark, at: this.#at });
    this.#at += mark.open.length;
    if (mark.open !== '```') return;
    const language = /^([^\s`]+)(?=\s)/.exec(this.#source.slice(this.#at))?.[1] ?? '';
    this.#at += language.length;
    if (this.#source[this.#at] === '\n') this.#at++;
  }

  #close(mark: Mark): void {
    this.#at += mark.close.length;
    if (mark.link) this.#address(mark);
    this.#open.pop();
  }

  #address({ name }: Mark): void {
    if (this.#source[this.#at] !== '(') throw this.#fault(`the text of a ${name} must be followed by "(address)"`);
    const address = /^\(((?:\\[\s\S]|[^)\\])*)\)/.exec(this.#source.slice(this.#at));
    if (address === null) throw this.#fault(`the address of a ${name} is never closed by ")"`);
    if (name === 'custom emoji' && !address[1]?.startsWith('tg://emoji?id=')) {
      throw this.#fault('the address of a custom emoji must be tg://emoji?id=…');
    }
    this.#at += address[0].length;
  }

  /** At the start of a line a `>` begins a block quotation or goes on with it; a line without ends it. */
  #startLine(): void {
    const begin = /^(\*\*)?>/.exec(this.#source.slice(this.#at, this.#at + 3));
    const goesOn = this.#quote !== 'none' && this.#source[this.#at] === '>';
    if (this.#quote !== 'none' && !goesOn) {
      this.#endOpen();
      this.#quote = 'none';
    }
    if (begin === null) return;
    if (!goesOn) {
      if (this.#open.length > 0) throw this.#fault('a block quotation cannot begin inside another entity');
      this.#quote = begin[1] === undefined ? 'plain' : 'expandable';
    }
    this.#at += begin[0].length;
  }

  /** The `||` at the end of an expandable block quotation is its end, not the start of a spoiler. */
  #endsExpandable(): boolean {
    return this.#quote === 'expandable' && /^\|\|(\n(?!>)|$)/.test(this.#source.slice(this.#at, this.#at + 4));
  }

  #endOpen(): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    throw this.#fault(`the ${open.mark.name} that begins with "${open.mark.open}" is never closed`, open.at);
  }

  #show(length: number): void {
    const text = this.#source.slice(this.#at, this.#at + length);
    this.#at += length;
    const bold = this.#open.some(({ mark }) => mark.name === 'bold');
    const last = this.#spans.at(-1);
    if (last?.bold === bold) last.text += text;
    else this.#spans.push({ text, bold });
  }

  #fault(text: string, at = this.#at): Fault {
    const before = this.#source.slice(0, at).split('\n');
    return new Fault(`${text} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`);
  }
}
