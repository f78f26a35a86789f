import type { Job } from '../job/job.ts';
import { cleanupTokens } from './cleanup-tokens.ts';
import { deleteBroadcasts } from './delete-broadcasts.ts';
import { deleteDue } from './delete-due.ts';
import { postGuide } from './post-guide.ts';
import { resetCounts } from './reset-counts.ts';

/** Every job, in the order of `--help`. */
export const jobs: readonly Job[] = [cleanupTokens, deleteDue, deleteBroadcasts, resetCounts, postGuide];
