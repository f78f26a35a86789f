/** One change to the database. */
export interface Step {
  /** For people: `add column public.tokens.status`. */
  what: string;
  sql: string;
  /** The standing table that it changes, as SQL names it. */
  table?: string;
  /**
   * Outside of the one transaction and after it: an index that is built or dropped while bots read and write
   * (`concurrently`), or what follows such a step and wants a lock for a moment (`briefly`).
   */
  apart?: 'concurrently' | 'briefly';
  /** The index that it leaves behind, not valid, where it is broken off; as SQL names it. */
  leaves?: string;
}

/** What leads from what stands to what is wanted; where there are problems, nothing may be done. */
export interface Plan {
  steps: Step[];
  problems: string[];
  /** For people: what stays as it is. */
  notes?: string[];
}

export function joinPlans(plans: readonly Plan[]): Plan {
  return {
    steps: plans.flatMap(({ steps }) => steps),
    problems: plans.flatMap(({ problems }) => problems),
    notes: plans.flatMap(({ notes = [] }) => notes),
  };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
