const minuteMs = 60_000;

/** A cron expression for what comes every so often, counted from midnight, in steps in which cron can count. */
export function cronEvery(intervalMs: number): string {
  const minutes = Math.max(1, Math.floor(intervalMs / minuteMs));
  if (minutes % 60 === 0) return minutes >= 24 * 60 ? '0 0 * * *' : `0 */${minutes / 60} * * *`;
  const step = greatestCommonDivisor(minutes, 60);
  return step === 1 ? '* * * * *' : `*/${step} * * * *`;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
