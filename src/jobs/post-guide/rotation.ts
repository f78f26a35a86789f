import type { LastGuide } from '../../store/guide-posts.ts';
import { compareGuides, type Guide } from '../../store/guides.ts';

/**
 * The enabled guides in the order in which the coming slots bring them: from the one next after the last, round.
 * @param guides in the order of (position, id)
 * @param last a guide that stands counts where it stands now, a removed one where it stood when it was posted
 */
export function upcomingGuides(guides: readonly Guide[], last: LastGuide | null): Guide[] {
  const enabled = guides.filter((guide) => guide.enabled);
  if (last === null) return enabled;
  const place = guides.find(({ id }) => id === last.id) ?? last;
  const next = enabled.findIndex((guide) => compareGuides(guide, place) > 0);
  return next === -1 ? enabled : [...enabled.slice(next), ...enabled.slice(0, next)];
}
