/** Seconds after their time within which messages went: the bounds of the histogram, by which a pass counts. */
export const lateBounds: readonly number[] = [1, 2, 5, 15, 60, 300, 900, 3600, 21_600, 86_400, 172_800];
