/** Every fault of the simulated Telegram at every call. */
import type { Fault } from '../../support/bot-api.ts';
import { addFindings, type Findings, nothingFound, placed } from './findings.ts';
import type { Load } from './load.ts';
import { lastLines, type Stage } from './stage.ts';
import type { Trial } from './trial.ts';

interface FaultKind {
  name: string;
  fault: Fault;
  /** Telegram's last word: items may be given up for it. */
  mayFail?: boolean;
  /** Exit codes beside those of a pass that met nothing. */
  codes?: readonly number[];
  /** Only calls of this method meet it. */
  method?: string;
}

const refused = (code: number, description: string): FaultKind => ({
  name: `${code} ${description}`,
  fault: { kind: 'error', code, description },
  mayFail: true,
});

/** What passes: nothing may be given up for it. */
const passing = (name: string, fault: Fault): FaultKind => ({ name, fault });

const timeoutMs = 1_000;

export const faultKinds: readonly FaultKind[] = [
  passing('no answer, nothing done', { kind: 'hang' }),
  passing('no answer, work done', { kind: 'hang', work: true }),
  passing('an answer after the time-out', { kind: 'late', ms: timeoutMs + 100 }),
  passing('connection dropped, nothing done', { kind: 'drop_before' }),
  passing('connection dropped, work done', { kind: 'drop_after' }),
  passing('half an answer', { kind: 'truncated' }),
  passing('500 before the work', { kind: '5xx_before', code: 500 }),
  passing('502 page before the work', { kind: '5xx_before', body: 'html' }),
  passing('503 after the work', { kind: '5xx_after', code: 503 }),
  passing('504 page after the work', { kind: '5xx_after', code: 504, body: 'html' }),
  passing('200 page, nothing done', { kind: 'html', work: false }),
  passing('200 page, work done', { kind: 'html', work: true }),
  passing('403 page', { kind: 'html', work: false, code: 403 }),
  passing('a redirect', { kind: 'redirect' }),
  passing('429 for 1 s', { kind: 'retry_after', seconds: 1 }),
  passing('429 for 1 s, for all calls', { kind: 'retry_after', seconds: 1, pausesAll: true }),
  { name: 'sent, and deleted at once', fault: { kind: 'deleted_at_once' }, method: 'sendMessage' },
  { ...passing('401', { kind: 'error', code: 401, description: 'Unauthorized' }), codes: [77] },
  { ...passing('404 Not Found', { kind: 'error', code: 404, description: 'Not Found' }), codes: [77] },
  refused(400, 'Bad Request: chat not found'),
  refused(400, 'Bad Request: something nobody has heard of'),
  refused(403, 'Forbidden: bot was blocked by the user'),
  refused(418, "I'm a teapot"),
  { ...passing('400 not enough rights', { kind: 'error', code: 400, description: 'Bad Request: not enough rights' }) },
];

export function faultWalk(load: Load, kind: FaultKind, { from = 1, every = 1 } = {}): Trial {
  return {
    part: 'Telegram',
    what: `${kind.name}, at each call`,
    job: load.job,
    async play(stage) {
      const found = nothingFound();
      for (let n = from; n < 100; n += every) {
        const one = await playFault(stage, load, kind, n);
        addFindings(found, one);
        if (one.times === 0) return found;
      }
      found.wrong.push('no pass lived to its end');
      return found;
    },
  };
}

async function playFault(stage: Stage, load: Load, kind: FaultKind, n: number): Promise<Findings> {
  const { mayFail = false, codes = [69], method } = kind;
  const found = nothingFound();
  const { api } = stage.scene;
  const laid = await stage.layOut(load, { items: 4 });
  const env = { TELEGRAM_TIMEOUT: `${timeoutMs}ms` };
  const before = api.calls.length;
  api.fault({ ...kind.fault, nth: n, ...(method === undefined ? {} : { method }) });
  const { code, stderr } = await stage.run(load.job, laid, env);
  const met = api.calls.slice(before).filter(({ fault }) => fault !== null);
  found.times = met.length;
  if (met.length === 0) return found;
  // A refused text of the notice is the operator's to mend, and so is a channel that refuses.
  const expected = [0, 1, ...codes, ...(mayFail ? [78] : [])];
  if (code === null || !expected.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
  api.clearFaults();
  api.endFlood();
  await stage.finish(load.job, laid, found.wrong, env);
  await stage.account(load.job, laid, found, { mayFail });
  const sends = met.filter((call) => call.method === 'sendMessage').length;
  if (found.uncertain > sends) found.wrong.push(`${found.uncertain} uncertain, where ${sends} sends met the fault`);
  return placed(found, `call ${n}`);
}

/** `deleteMessages` says true and has deleted nothing: no answer could tell, so this is no promise. Told plainly all the same. */
export function blindTrue(load: Load): Trial {
  return {
    part: 'Telegram',
    what: '`deleteMessages` says true and deleted nothing (cannot be seen)',
    job: load.job,
    promised: false,
    async play(stage) {
      const found = nothingFound();
      const laid = await stage.layOut(load, { items: 4 });
      const { api } = stage.scene;
      const before = api.calls.length;
      api.fault({ kind: 'true_without_work', method: 'deleteMessages', times: 2 });
      const { code, stderr } = await stage.run(load.job, laid);
      if (code === null || !laid.endCodes.includes(code)) found.wrong.push(`ended with ${code}: ${lastLines(stderr)}`);
      found.times = api.calls.slice(before).filter(({ fault }) => fault !== null).length;
      await stage.finish(load.job, laid, found.wrong);
      await stage.account(load.job, laid, found);
      return found;
    },
  };
}
