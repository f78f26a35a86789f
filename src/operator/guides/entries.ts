/** What a file says of guides, entry by entry. A field that an entry leaves out is not in it. */
import { nearest } from '../../settings/nearest-name.ts';
import type { Guide } from '../../store/guides.ts';
import { readCsv } from './csv.ts';
import { repeatedKeys } from './repeated-keys.ts';

export interface Entry {
  /** `line 7` or `entry 2`, for messages. */
  where: string;
  id: string;
  fields: Partial<Omit<Guide, 'id'>>;
}

export interface ReadEntries {
  entries: Entry[];
  /** All that is wrong, each with its place. */
  problems: string[];
}

const fieldNames = ['id', 'position', 'title', 'description', 'url', 'enabled', 'markdown'] as const;
type FieldName = (typeof fieldNames)[number];

/** The raw values of one entry. */
interface RawEntry {
  where: string;
  values: Map<FieldName, unknown>;
}

/** Reads a file's text: JSON where its name or its first character says so, else CSV. */
export function readEntries(name: string, text: string): ReadEntries {
  const json = /\.json$/i.test(name) || (!/\.csv$/i.test(name) && /^\s*[[{]/.test(text));
  const problems: string[] = [];
  const raw = json ? readJson(text, problems) : readTable(text, problems);
  const entries: Entry[] = [];
  const places = new Map<string, string>();
  for (const { where, values } of raw) {
    const entry = readEntry(where, values, problems);
    if (entry === null) continue;
    const before = places.get(entry.id);
    if (before !== undefined) problems.push(`${where}: the id "${entry.id}" stands in ${before} already`);
    places.set(entry.id, before ?? where);
    entries.push(entry);
  }
  if (raw.length === 0 && problems.length === 0) problems.push('holds no guide');
  return { entries, problems };
}

function readJson(text: string, problems: string[]): RawEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    problems.push(`${placeOfSyntaxError(text, error)}is not JSON; expected an array of guides`);
    return [];
  }
  if (!Array.isArray(value)) {
    problems.push('is not a JSON array; expected [{"id": …, "title": …, "url": …}, …]');
    return [];
  }
  problems.push(...repeatedKeys(text).map(({ entry, key }) => `entry ${entry}: the field "${key}" comes twice`));
  return value.flatMap((entry: unknown, index): RawEntry[] => {
    const where = `entry ${index + 1}`;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      problems.push(`${where}: is no object; expected {"id": …, "title": …, "url": …}`);
      return [];
    }
    const values = new Map<FieldName, unknown>();
    for (const [key, item] of Object.entries(entry)) {
      if (isFieldName(key)) values.set(key, item);
      else problems.push(`${where}: ${unknownField(key)}`);
    }
    return [{ where, values }];
  });
}

function readTable(text: string, problems: string[]): RawEntry[] {
  const { records, faults } = readCsv(text.replace(/\r\n?/g, '\n'));
  problems.push(...faults.map((fault) => `line ${fault.line}: ${fault.text}`));
  const [header, ...rows] = records;
  if (header === undefined) return [];
  const names = header.cells.map((cell) => cell.trim().toLowerCase());
  for (const [index, name] of names.entries()) {
    if (!isFieldName(name)) problems.push(`line ${header.line}: ${unknownField(name)}`);
    else if (names.indexOf(name) !== index) problems.push(`line ${header.line}: the column "${name}" comes twice`);
  }
  if (!names.includes('id'))
    problems.push(`line ${header.line}: the header lacks the column "id"; columns stand apart by , or ; or a tab`);
  // With a header or quotes that are wrong, every line would be.
  if (problems.length > 0) return [];
  return rows.flatMap(({ line, cells }): RawEntry[] => {
    const where = `line ${line}`;
    if (cells.length !== names.length) {
      problems.push(`${where}: has ${cells.length} cells; the header has ${names.length}`);
      return [];
    }
    return [{ where, values: new Map(names.filter(isFieldName).map((name, index) => [name, cells[index] ?? ''])) }];
  });
}

function readEntry(where: string, values: ReadonlyMap<FieldName, unknown>, problems: string[]): Entry | null {
  const complain = (name: FieldName, text: string): void => {
    problems.push(`${where}: ${name} ${text}`);
  };
  const id = values.get('id');
  if (typeof id !== 'string' || id.trim() === '' || /[\p{Cc}\p{Surrogate}]/u.test(id)) {
    complain('id', id === undefined || id === '' ? 'is missing' : `${show(id)} is not a text of one line`);
    return null;
  }
  for (const name of ['title', 'description', 'url', 'markdown'] as const) {
    const fault = faultOfText(values.get(name));
    if (fault !== null) complain(name, fault);
  }
  const fields: Entry['fields'] = {};
  for (const name of ['title', 'url'] as const) {
    if (!values.has(name)) continue;
    const value = values.get(name);
    if (typeof value !== 'string' && value !== null) complain(name, `${show(value)} is not a text`);
    else fields[name] = value?.trim() ?? null;
  }
  for (const name of ['description', 'markdown'] as const) {
    if (!values.has(name)) continue;
    const value = values.get(name);
    if (typeof value !== 'string' && value !== null) complain(name, `${show(value)} is not a text`);
    else fields[name] = value === null || value.trim() === '' ? null : value;
  }
  const position = isLeftOut(values.get('position')) ? null : readPosition(values.get('position'));
  if (position === undefined) complain('position', `${show(values.get('position'))} is not a whole number`);
  else if (position !== null) fields.position = position;
  const enabled = isLeftOut(values.get('enabled')) ? null : readEnabled(values.get('enabled'));
  if (enabled === undefined) complain('enabled', `${show(values.get('enabled'))} is neither true nor false`);
  else if (enabled !== null) fields.enabled = enabled;
  return { where, id: id.trim(), fields };
}

/** What no database in UTF-8 can keep, and JSON can write as an escape. */
function faultOfText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (value.includes('\0')) return `${show(value)} holds a NUL character; take it out`;
  return /\p{Surrogate}/u.test(value)
    ? `${show(value)} holds half a character (a lone surrogate); write it whole`
    : null;
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

const mostPosition = 2 ** 31 - 1;

function readPosition(value: unknown): number | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\s*-?\d{1,10}\s*$/.test(value));
  const number = Number(value);
  return isNumber && Number.isInteger(number) && Math.abs(number) <= mostPosition ? number : undefined;
}

function readEnabled(value: unknown): boolean | undefined {
  const text = String(value).trim().toLowerCase();
  if (['true', 'yes', 't', '1'].includes(text)) return true;
  return ['false', 'no', 'f', '0'].includes(text) ? false : undefined;
}

function isFieldName(name: string): name is FieldName {
  return fieldNames.some((known) => known === name);
}

function unknownField(name: string): string {
  const suggestion = nearest(name.toLowerCase(), fieldNames, { most: 2 });
  const instead = suggestion === null ? `expected ${fieldNames.join(', ')}` : `did you mean "${suggestion}"?`;
  return `"${name}" is no field of a guide; ${instead}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** `line 3, column 7: ` where the error tells the place. */
function placeOfSyntaxError(text: string, error: unknown): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split(/\r\n?|\n/);
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: `;
}
