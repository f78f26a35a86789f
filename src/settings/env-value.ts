/** One value of an env file, as it is written after the `=`. */
import { isSecret, settingsTable } from './settings-table.ts';

interface Refused {
  /** Completes the sentence that the name begins; never holds the value. */
  complaint: string;
}

const refused = (complaint: string): Refused => ({ complaint });

/** A shell and compose put a variable's value here, the others do not. `$word`, as in a password, stands for itself. */
const namesVariable = /\$(?:[{(]|[A-Z_][A-Z0-9_]+)/;
const variableComplaint = 'names another variable, which is not replaced here; single quotes keep a $ as it is';

/** The whole value, or why it has more than one meaning. */
export function readEnvValue(name: string, written: string): string | Refused {
  const text = written.trim();
  if (text.startsWith("'")) return readSingleQuoted(text);
  if (text.startsWith('"')) return readDoubleQuoted(text);
  return readPlain(name, written);
}

function readSingleQuoted(text: string): string | Refused {
  const [, value = '', rest = ''] = /^'([^']*)'(.*)$/s.exec(text) ?? [];
  if (isEnd(rest)) return value;
  return refused('has text after its closing quote; write "…" round a text with an apostrophe in it');
}

function readDoubleQuoted(text: string): string | Refused {
  const [, inner = '', rest = ''] = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(text) ?? [];
  if (!isEnd(rest)) return refused('has text after its closing quote; write \\" for a quote within quotes');
  if (namesVariable.test(inner.replace(/\\./gs, ''))) return refused(variableComplaint);
  if (inner.replace(/\\["\\$`n]/g, '').includes('\\')) {
    return refused('has a backslash that not all read alike; write \\\\ for one, or single quotes');
  }
  return inner.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** A comment may follow the quote. */
function isEnd(rest: string): boolean {
  return /^\s*$|^\s+#/.test(rest);
}

function readPlain(name: string, written: string): string | Refused {
  const [, before = '', comment] = /^(.*?)(\s#.*)?$/s.exec(written) ?? [];
  const value = before.trim();
  if (comment !== undefined && !takesComment(name, value)) {
    return refused('has a # after a space, a comment to some readers and not to others; put the value in quotes');
  }
  if (value.startsWith('`')) return refused('stands in backticks, which not all take for quotes; write " or \'');
  if (value.includes('\\')) return refused('has a backslash, which not all keep outside of quotes; use single quotes');
  return namesVariable.test(value) ? refused(variableComplaint) : value;
}

/** Where no value can hold a space and a #, what begins so is a comment. */
function takesComment(name: string, value: string): boolean {
  const setting = settingsTable.find((one) => one.name === name);
  return setting !== undefined && !setting.format.anyText && (!isSecret(setting) || value === '');
}
