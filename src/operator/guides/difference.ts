import type { Guide } from '../../store/guides.ts';
import { composeGuide } from '../../telegram/guide-text.ts';
import type { Entry } from './entries.ts';

/** What a file changes in the table. */
export interface Difference {
  added: Guide[];
  changed: { guide: Guide; fields: string[] }[];
  unchanged: Guide[];
  removed: Guide[];
}

/**
 * Lays a file over the guides that stand. What an entry leaves out, a known guide keeps; a new one has no description, is
 * enabled, and without a position comes last.
 * @param replace whether guides that the file does not name go
 * @returns all that Telegram would refuse as well, each with its place
 */
export function compare(
  guides: readonly Guide[],
  entries: readonly Entry[],
  replace: boolean,
): { difference: Difference; problems: string[] } {
  const known = new Map(guides.map((guide) => [guide.id, guide]));
  const named = new Set(entries.map(({ id }) => id));
  const difference: Difference = { added: [], changed: [], unchanged: [], removed: [] };
  if (replace) difference.removed = guides.filter(({ id }) => !named.has(id));

  const staying = guides.filter((guide) => !difference.removed.includes(guide));
  const positions = [...staying, ...entries.map(({ fields }) => fields)].map(({ position }) => position ?? 0);
  let last = Math.max(0, ...positions);
  const problems: string[] = [];
  for (const { where, id, fields } of entries) {
    const before = known.get(id);
    const guide: Guide = { ...(before ?? newGuide(id)), ...fields };
    if (before === undefined && fields.position === undefined) guide.position = ++last;
    problems.push(...problemsOf(guide).map((problem) => `${where}: "${id}": ${problem}`));
    const changes = before === undefined ? [] : changedFields(before, guide);
    if (before === undefined) difference.added.push(guide);
    else if (changes.length > 0) difference.changed.push({ guide, fields: changes });
    else difference.unchanged.push(guide);
  }
  return { difference, problems };
}

function newGuide(id: string): Guide {
  return { id, position: null, title: null, description: null, url: null, enabled: true, markdown: null };
}

function problemsOf(guide: Guide): string[] {
  const composed = composeGuide(guide);
  const problems = composed.kind === 'post' ? [] : composed.problems;
  // The table asks for a title also where the post has Markdown of its own.
  const untitled = guide.markdown !== null && (guide.title ?? '').trim() === '';
  return untitled ? [...problems, 'it has no title; give it one'] : problems;
}

function changedFields(before: Guide, after: Guide): string[] {
  const names = ['position', 'title', 'description', 'url', 'enabled', 'markdown'] as const;
  return names.filter((name) => before[name] !== after[name]);
}
