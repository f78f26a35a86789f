import { formatTimeNear } from '../../output/clock-text.ts';
import type { Health } from './verdict.ts';

/** `late since 13:01`, as people read it wherever health is told. */
export function verdictText(
  { verdict, since }: Pick<Health, 'verdict' | 'since'>,
  now: Date,
  timeZone: string,
): string {
  return since === null ? verdict : `${verdict} since ${formatTimeNear(new Date(since), now, timeZone)}`;
}
