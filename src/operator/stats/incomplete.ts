/** Why a figure is not the whole truth. What is shown with a mark has its reason beside it. */
import { formatCount } from '../../output/format.ts';
import type { DailyFrame } from '../../store/daily.ts';
import { type Counted, type Figure, labelsOf } from './figures.ts';
import type { Period, Stretch } from './periods.ts';

export type Why =
  | 'not_over'
  | 'not_counted_yet'
  | 'counted_since'
  | 'no_users_table'
  | 'users_untold'
  | 'no_pass'
  | 'ends_early'
  | 'no_counters'
  | 'counters_tell_fewer'
  | 'open_tokens';

export interface Gap {
  why: Why;
  text: string;
  /** By name. */
  figures: readonly string[];
}

export interface Judged {
  /** Null also where a number would mislead. */
  value: number | null;
  why: Why | null;
}

/** What is known of a figure in a stretch, and the weightiest reason why that is not all. */
export function judge(
  figure: Figure,
  period: Period,
  counted: Counted,
  value: number | null,
  frame: DailyFrame,
): Judged {
  const { source, standing = false, toTheEnd, unit } = figure;
  const { countedSince, hasUsers } = frame;
  const none = (why: Why): Judged => ({ value: null, why });
  if (source === 'users' && !hasUsers && value === null) return none('no_users_table');
  if (countedSince === null || period.end < countedSince) {
    const why = countedSince === null ? 'not_counted_yet' : 'counted_since';
    // Of tokens that stand the number is a least one; what was removed, and so every rate, is not known.
    if (source === 'tokens' || (source === 'used tokens' && unit === 'count'))
      return { value: value === 0 ? null : value, why };
    return value === null || source === 'work' || source === 'used tokens' ? none(why) : { value, why };
  }
  if (source === 'counters' && value === null) return none('no_counters');
  if (source === 'users' && value === null) return none('users_untold');
  if (source === 'look' && value === null) return none('no_pass');
  if (toTheEnd !== undefined && period.over && !counted.reachesTo(period.end, toTheEnd))
    return { value, why: 'ends_early' };
  if (standing) return { value, why: null };
  if (period.start <= countedSince) return { value, why: 'counted_since' };
  if (!period.over) return { value, why: 'not_over' };
  if (source === 'used tokens' && (counted.tokens?.open ?? 0) > 0) return { value, why: 'open_tokens' };
  if (source === 'tokens' && tellsFewer(counted)) return { value, why: 'counters_tell_fewer' };
  return { value, why: null };
}

function tellsFewer({ tokens }: Counted): boolean {
  return tokens !== null && tokens.counterDays > 0 && tokens.made < tokens.known;
}

/** These concern whatever is of the stretch. */
const ofAll: readonly Why[] = ['not_over', 'counted_since', 'not_counted_yet'];

/** For people: what is incomplete, as far as that must be said, and why. @param shown the figures that people see */
export function noteOf({ why, text, figures }: Gap, shown: readonly Figure[]): string {
  if (ofAll.includes(why)) return text;
  return `${labelsOf(shown.filter(({ name }) => figures.includes(name)))}: ${text}`;
}

/** For people, so that it completes "incomplete:". */
export function textOf(why: Why, stretch: Stretch, { tokens }: Counted, { countedSince }: DailyFrame): string {
  switch (why) {
    case 'not_over':
      return `the ${stretch} is not over`;
    case 'not_counted_yet':
      return 'no pass has counted anything yet';
    case 'counted_since':
      return `what was done is counted since ${countedSince}, and not before`;
    case 'no_users_table':
      return 'there is no table users';
    case 'users_untold':
      return 'the table users did not tell: its columns or the rights on it do not allow it, or no pass ended then';
    case 'no_pass':
      return 'no pass ended then';
    case 'ends_early':
      return `the last day of the ${stretch} is not in it: no pass ended then or since, or it could not look`;
    case 'no_counters':
      return 'there are no counters of that time in token_generator_count';
    case 'counters_tell_fewer':
      return `the counters tell fewer tokens (${formatCount(tokens?.made ?? 0)}) than are known`;
    case 'open_tokens': {
      const open = tokens?.open ?? 0;
      return `${formatCount(open)} ${open === 1 ? 'token' : 'tokens'} made then may still be used`;
    }
  }
}
