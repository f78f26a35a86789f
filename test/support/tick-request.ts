import type { TickRequest } from '../../src/store/tick.ts';

/** What a tick of run `a` asks for beside its writes: half a second's calls at 25 a second, for bot 1. */
export function tickRequest(job: TickRequest['job']): TickRequest {
  return {
    job,
    runId: 'a',
    renew: false,
    made: null,
    botId: '1',
    calls: 12,
    intervalSeconds: 0.04,
    pauseSeconds: null,
    durable: false,
    lockMs: 1_000,
  };
}
