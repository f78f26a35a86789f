import type { Job } from '../job.ts';
import { deleteBroadcasts } from './delete-broadcasts.ts';
import { deleteDue } from './delete-due.ts';
import { postGuide } from './post-guide.ts';

/** Every job, in the order of `--help`. */
export const jobs: readonly Job[] = [deleteDue, deleteBroadcasts, postGuide];
