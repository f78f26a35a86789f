import { type Complaint, type Format, Wrong, wrong } from './format.ts';

/** Telegram: a chat id has at most 52 significant bits. */
const largestId = 2n ** 52n;

/** Chats by number or `@name`: `[-1001234567890,"@channel"]` as JSON, or the same separated by commas; each once, in order. */
export const chatIds: Format<readonly string[]> = {
  expected: 'chat ids as a JSON array or separated by commas',
  parse(text) {
    const entries = text.startsWith('[') ? jsonEntries(text) : text.split(',').map((entry) => entry.trim());
    if (entries instanceof Wrong) return entries;
    if (entries.length === 0) return wrong(text, 'names no chat');
    const ids = new Map<string, string>();
    const complaints: Complaint[] = [];
    for (const entry of entries) {
      const id = chatId(entry);
      if (id === null) complaints.push({ value: entry, text: 'is not a chat id', expected: 'a number or @name' });
      // Names are the same whatever their case; the first spelling stays.
      else if (!ids.has(id.toLowerCase())) ids.set(id.toLowerCase(), id);
    }
    return complaints.length > 0 ? new Wrong(complaints) : [...ids.values()];
  },
};

/** One chat, by number or `@name`. */
export const oneChat: Format<string> = {
  expected: 'a chat id: a number or @name',
  parse: (text) => chatId(text) ?? wrong(text, 'is not a chat id'),
};

function jsonEntries(text: string): string[] | Wrong {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return wrong(text, 'is not a JSON array');
    return value.map((entry: unknown) => (typeof entry === 'string' ? entry.trim() : JSON.stringify(entry)));
  } catch {
    return wrong(text, 'is not valid JSON');
  }
}

function chatId(entry: string): string | null {
  if (/^@[A-Za-z][A-Za-z0-9_]{3,31}$/.test(entry)) return entry;
  if (!/^-?\d{1,30}$/.test(entry)) return null;
  const id = BigInt(entry);
  return id !== 0n && id <= largestId && id >= -largestId ? id.toString() : null;
}
