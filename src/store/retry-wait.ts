const firstWaitSeconds = 30;
const longestWaitSeconds = 30 * 60;

/**
 * How long an item waits after a passing failure: twice as long each time, half an hour at most.
 * @param attempts failures so far, this one included
 * @returns seconds
 */
export function retryWaitSeconds(attempts: number): number {
  return Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** Math.max(0, Math.min(attempts, 30) - 1));
}
