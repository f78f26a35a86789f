import type { Load } from './load.ts';
import { deleteBroadcastsLoad } from './loads/delete-broadcasts.ts';
import { deleteDueLoad } from './loads/delete-due.ts';
import { postGuideLoad } from './loads/post-guide.ts';
import { cleanupTokensLoad, resetCountsLoad } from './loads/sweeps.ts';

/** One for each job. Their order is part of what a seed means. */
export const loads: readonly Load[] = [
  deleteDueLoad,
  deleteBroadcastsLoad,
  postGuideLoad,
  cleanupTokensLoad,
  resetCountsLoad,
];
