import { test } from 'vitest';
import { type KillPoint, killAtEach } from '../support/kill-points.ts';
import { killAt } from './kills.ts';

test.concurrent.each<KillPoint>(['call', 'done call'])(
  'killed at its nth %s, for every n: nothing stays due and no notice is sent twice',
  { timeout: 240_000 },
  (point) => killAtEach((watched, n) => killAt(watched, point, n), { leastKills: 10 }),
);
