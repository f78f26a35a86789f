/** What a check of `doctor` found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  check: string;
  level: 'fine' | 'warning' | 'fault';
  text: string;
  /** What to do about it; null where there is nothing to do. */
  way_out: string | null;
  /** The check itself failed: what it would have found nobody knows. */
  unseen?: true;
}

export function fine(check: string, text: string): Finding {
  return { check, level: 'fine', text, way_out: null };
}

/** Works now, and may cost something later. */
export function warning(check: string, text: string, wayOut: string | null): Finding {
  return { check, level: 'warning', text, way_out: wayOut };
}

/** Keeps a job from its work. */
export function fault(check: string, text: string, wayOut: string | null): Finding {
  return { check, level: 'fault', text, way_out: wayOut };
}
