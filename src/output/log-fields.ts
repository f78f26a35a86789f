/** What of a line's fields may be written. Objects of other libraries are not: they can hold tokens and passwords. */
import { messageOf } from '../process/errors.ts';

export interface FieldRules {
  /** Blacks out secrets in a text. */
  redact: (text: string) => string;
  /** Whether errors bring their stack along. */
  stacks: boolean;
}

const deepest = 4;

/**
 * A copy made of plain values alone. An error becomes its name, message and code; an object with a class of its own becomes
 * the class's name. Secrets are blacked out in each text, because in the finished line quotes and backslashes are escaped.
 */
export function plainFields(fields: object, rules: FieldRules): Record<string, unknown> {
  if (fields instanceof Error) return { err: plainError(fields, rules) };
  return plainObject(fields, rules, 0);
}

function plainObject(value: object, rules: FieldRules, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rules.redact(key), plainValue(item, rules, depth + 1)]),
  );
}

function plainValue(value: unknown, rules: FieldRules, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return rules.redact(value);
    case 'number':
    case 'bigint': {
      const text = String(value);
      const shown = rules.redact(text);
      if (shown !== text) return shown;
      return typeof value === 'bigint' ? text : value;
    }
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : plainReference(value, rules, depth);
    default:
      return `[${typeof value}]`;
  }
}

function plainReference(value: object, rules: FieldRules, depth: number): unknown {
  if (value instanceof Error) return plainError(value, rules);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth > deepest) return '[…]';
  if (Array.isArray(value)) return value.map((item) => plainValue(item, rules, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return plainObject(value, rules, depth);
  return `[${value.constructor.name}]`;
}

function plainError(error: Error, rules: FieldRules): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: rules.redact(error.name),
    message: rules.redact(messageOf(error)),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: plainValue(code, rules, 0) } : {}),
    ...(rules.stacks && error.stack !== undefined ? { stack: rules.redact(error.stack) } : {}),
  };
}
