/** What `post-guide` counts. */
export const guideCounts = { posted: 0, already_posted: 0, failed: 0, uncertain: 0 };

export type GuideCounts = typeof guideCounts;
