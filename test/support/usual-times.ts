/** The settings that times depend on, as they are where nobody sets them. */
export const usualTimes = { guideIntervalMs: 4 * 3_600_000 };
