import { test } from 'vitest';
import type { KillPoint } from '../support/kill-points.ts';
import { killAtEach } from './kills.ts';

test.concurrent.each<KillPoint>(['call', 'done call'])(
  'killed at its nth %s, for every n: nothing stays due and no notice is sent twice',
  { timeout: 240_000 },
  (point) => killAtEach(point, 10),
);
