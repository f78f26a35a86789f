/**
 * CSV as RFC 4180 has it; line ends may be LF or CR alone, and the separator may be `;` or a tab, as spreadsheets of half the
 * world write. A first line `sep=;`, of which Excel makes nothing but the separator, is one here as well.
 * By hand: csv-parse tells of one fault alone, places an open quote at the file's end and a record at its last line.
 */

export interface CsvRecord {
  /** Where it begins, counted from 1. */
  line: number;
  cells: string[];
}

/** @returns the records with at least one cell that is not empty, and what is wrong with the quotes */
export function readCsv(text: string): { records: CsvRecord[]; faults: { line: number; text: string }[] } {
  const named = /^sep=(.)(?:\r\n?|\n)/i.exec(text);
  const separator = named?.[1] ?? separatorOf(text);
  const records: CsvRecord[] = [];
  const faults: { line: number; text: string }[] = [];
  let line = named === null ? 1 : 2;
  let at = named?.[0].length ?? 0;

  const readQuoted = (): string => {
    const begun = line;
    let cell = '';
    for (at++; at < text.length; at++) {
      const character = text.charAt(at);
      if (character === '\n') line++;
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else {
        at++;
        return cell;
      }
    }
    faults.push({ line: begun, text: 'opens a quote that nothing closes' });
    return cell;
  };

  const endsCell = (): boolean => at >= text.length || /[\r\n]/.test(text.charAt(at)) || text[at] === separator;
  const readCell = (): string => {
    const quoted = text[at] === '"';
    let cell = quoted ? readQuoted() : '';
    if (quoted && !endsCell()) faults.push({ line, text: 'has text after a closing quote; write "" for a quote' });
    for (; !endsCell(); at++) cell += text.charAt(at);
    return cell;
  };

  while (at < text.length) {
    const record: CsvRecord = { line, cells: [readCell()] };
    while (text[at] === separator) {
      at++;
      record.cells.push(readCell());
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (record.cells.some((cell) => cell.trim() !== '')) records.push(record);
  }
  return { records, faults };
}

/** The comma, unless the header has none and another one instead. */
function separatorOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/));
  return [',', ';', '\t'].find((separator) => header.includes(separator)) ?? ',';
}
