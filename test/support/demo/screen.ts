/** What the demo prints: short lines for a person, 80 columns wide. */
import { safeWriter } from '../../../src/output/output.ts';
import { renderTable } from '../../../src/output/table.ts';
import type { TextStream } from '../../../src/process/world.ts';

const width = 80;

export class Screen {
  readonly #write: (text: string) => void;
  readonly #onTerminal: boolean;
  readonly #color: boolean;
  #statusShown = false;

  constructor(out: TextStream, env: NodeJS.ProcessEnv) {
    this.#write = safeWriter(out);
    this.#onTerminal = out.isTTY === true;
    this.#color = this.#onTerminal && (env.NO_COLOR ?? '') === '';
  }

  line(text = ''): void {
    this.status(null);
    this.#write(`${text}\n`);
  }

  heading(text: string): void {
    this.line(`\n${this.#paint('1', text)}`);
  }

  command(text: string, remark = ''): void {
    this.line(`\n${this.#paint('1', `$ ${text}`)}${remark === '' ? '' : `   # ${remark}`}`);
  }

  /** Words on as many indented lines as they need. */
  words(words: readonly string[]): void {
    let line = '';
    for (const word of words) {
      if (line.length + word.length + 4 > width) {
        this.line(`  ${line}`);
        line = '';
      }
      line += line === '' ? word : `  ${word}`;
    }
    if (line !== '') this.line(`  ${line}`);
  }

  table(columns: readonly string[], rows: readonly (readonly string[])[]): void {
    const text = renderTable(columns, rows, { maxWidth: width - 2 });
    for (const line of text.trimEnd().split('\n')) this.line(`  ${this.#paintMark(line)}`);
  }

  check(good: boolean, text: string): void {
    this.line(`  ${this.#paintMark(mark(good))} ${text}`);
  }

  /** Shows, on a terminal alone, a line that the next call writes over; null takes it away. */
  status(text: string | null): void {
    if (!this.#onTerminal || (text === null && !this.#statusShown)) return;
    this.#statusShown = text !== null;
    this.#write(text === null ? '\r\x1b[2K' : `\r\x1b[2K  ${text}`);
  }

  #paintMark(text: string): string {
    return text.replace(/[✓✗]/, (sign) => this.#paint(sign === '✓' ? '32' : '31', sign));
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

export function mark(good: boolean): string {
  return good ? '✓' : '✗';
}
