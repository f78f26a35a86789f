/** How a value is written: what to expect, and the reading. */
export interface Format<T> {
  /** Completes "expected …". */
  expected: string;
  parse(text: string): T | Wrong;
  /** Of a secret: all that must be hidden of a well-formed value. */
  secretsOf?(text: string): readonly string[];
  /** A value may hold spaces, `#` and all else. */
  anyText?: true;
}

export interface Complaint {
  value: string;
  /** Completes the sentence that the quoted value begins. */
  text: string;
  /** What is expected here, where that is more or less than of the whole value. */
  expected?: string;
}

/** Why a value cannot be used: one complaint or several. */
export class Wrong {
  readonly complaints: readonly Complaint[];
  constructor(complaints: readonly Complaint[]) {
    this.complaints = complaints;
  }
}

export function wrong(value: string, text: string, expected?: string): Wrong {
  return new Wrong([expected === undefined ? { value, text } : { value, text, expected }]);
}
