import { PassThrough } from 'node:stream';

/** A stream that keeps what is written to it, as text. */
export class Recorder extends PassThrough {
  readonly isTTY: boolean;
  columns = 80;
  text = '';

  constructor({ isTTY = false } = {}) {
    super();
    this.isTTY = isTTY;
    this.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

const eraseLine = '\u001b[2K';

/** What a terminal shows after the text: knows `\r`, `\n` and "erase the line", and refuses anything else. */
export function screenOf(text: string): string[] {
  const lines = [''];
  let column = 0;
  for (const token of text.replaceAll(eraseLine, '\v')) {
    const row = lines.length - 1;
    const line = lines[row] ?? '';
    if (token === '\n') {
      lines.push('');
      column = 0;
    } else if (token === '\r') column = 0;
    else if (token === '\v') lines[row] = '';
    else if (/^\p{Cc}$/u.test(token)) throw new Error(`unexpected control character ${JSON.stringify(token)}`);
    else {
      const characters = [...line.padEnd(column)];
      characters[column] = token;
      lines[row] = characters.join('');
      column += 1;
    }
  }
  return lines;
}
