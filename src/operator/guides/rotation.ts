import type { Kysely } from 'kysely';
import { upcomingGuides } from '../../jobs/post-guide/rotation.ts';
import { printable } from '../../output/output.ts';
import type { Settings } from '../../settings/settings.ts';
import { readLastGuide, readSlotsFrom, type UpcomingSlot } from '../../store/guide-posts.ts';
import { type Guide, readGuides } from '../../store/guides.ts';
import type { Database } from '../../store/schema.ts';
import { composeGuide } from '../../telegram/guide-text.ts';

export interface ComingPost {
  slot: UpcomingSlot;
  guide: Guide;
}

export interface Rotation {
  /** All guides, in the order of (position, id). */
  guides: Guide[];
  /** What the next slots bring, if nothing changes and no pass is forced. */
  coming: ComingPost[];
}

/**
 * Reads the guides and what the next slots bring: a whole round, and at least `least` slots.
 * @param now the database's clock
 */
export async function readRotation(
  db: Kysely<Database>,
  now: string,
  settings: Settings,
  least: number,
): Promise<Rotation> {
  const guides = await readGuides(db);
  const round = upcomingGuides(guides, await readLastGuide(db));
  const count = round.length === 0 ? 0 : Math.max(round.length, least);
  // The slot of now has its guide as soon as anything of it is written down.
  const slots = await readSlotsFrom(db, now, settings, count + 1);
  const open = slots[0]?.begun ? slots.slice(1) : slots;
  const coming = open.slice(0, count).flatMap((slot, index) => {
    const guide = round[index % round.length];
    return guide === undefined ? [] : [{ slot, guide }];
  });
  return { guides, coming };
}

/** What Telegram would refuse of a guide. */
export function problemsOf(guide: Guide): string[] {
  const composed = composeGuide(guide);
  return composed.kind === 'refused' ? composed.problems : [];
}

/** One line for each thing that Telegram would refuse, each guide once. */
export function refusals(guides: readonly Guide[]): string[] {
  return [...new Set(guides)].flatMap((guide) =>
    problemsOf(guide).map((problem) => printable(`❌ "${guide.id}" would be refused: ${problem}`)),
  );
}
