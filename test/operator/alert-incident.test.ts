import { expect, test } from 'vitest';
import type { Ill } from '../../src/operator/alert/ill.ts';
import { illsOf } from '../../src/operator/alert/ill.ts';
import { type Look, nextStep } from '../../src/operator/alert/incident.ts';
import { fault, warning } from '../../src/operator/doctor/finding.ts';
import type { Health, Verdict } from '../../src/operator/health/verdict.ts';
import type { AlertState } from '../../src/store/alerts.ts';

const now = new Date('2026-05-06T07:08:09Z');
const ill = (name: string): Ill => ({ name, how: null, since: null, why: 'something', wayOut: null });
const look = (ills: readonly Ill[], more: Partial<Look> = {}): Look => ({
  ills,
  incomplete: false,
  now,
  whose: 'telesweep (public)',
  timeZone: 'UTC',
  after: 1,
  repeatMs: 86_400_000,
  chatId: '5',
  ...more,
});
const nothing: AlertState = { seen: new Map(), open: null };

/** After the message was sent. */
function told(names: readonly string[]): AlertState {
  const { said } = nextStep(nothing, look(names.map(ill)));
  return { ...said, open: said.open && { ...said.open, message: { chatId: '5', id: '9' } } };
}

test('where a check failed, nothing is called well that was not seen', () => {
  const failing = { ...ill('work'), why: 'the database ended a statement' };
  const { message, said } = nextStep(told(['bot', 'ledgers']), look([failing], { incomplete: true }));
  expect(message).toEqual({
    kind: 'edit',
    messageId: '9',
    text: `❌ telesweep (public): 3 not well
• work since 2026-05-06 07:08 UTC: the database ended a statement
• bot since 2026-05-06 07:08 UTC: not known now, because a check failed
• ledgers since 2026-05-06 07:08 UTC: not known now, because a check failed`,
  });
  expect(nextStep(said, look([])).message).toMatchObject({ kind: 'over' });
});

test('worst first, each with its way out; what doctor says of a job is said by its health', () => {
  const health = (job: string, verdict: Verdict): Health => ({
    job,
    verdict,
    since: '2026-05-06T05:00:00Z',
    why: `it is\n${verdict}`,
    wayOut: `mend ${job}`,
  });
  const healths = [
    health('reset-counts', 'late'),
    health('cleanup-tokens', 'well'),
    health('delete-broadcasts', 'losing'),
    health('post-guide', 'failing'),
    health('delete-due', 'stuck'),
  ];
  const findings = [
    fault('reset-counts', 'late since 05:00', null),
    warning('clock', 'a little', null),
    fault('rights', 'role a lacks one', 'grant it'),
    fault('rights', 'and another', null),
  ];
  const { message } = nextStep(nothing, look(illsOf(healths, findings), { timeZone: 'Europe/Berlin' }));
  expect(message?.text.split('\n')).toEqual([
    '❌ telesweep (public): 6 not well',
    '• rights since 2026-05-06 09:08 Europe/Berlin: role a lacks one → grant it',
    '• rights (2) since 2026-05-06 09:08 Europe/Berlin: and another',
    '• post-guide is failing since 2026-05-06 07:00 Europe/Berlin: it is failing → mend post-guide',
    '• delete-due is stuck since 2026-05-06 07:00 Europe/Berlin: it is stuck → mend delete-due',
    '• delete-broadcasts is losing since 2026-05-06 07:00 Europe/Berlin: it is losing → mend delete-broadcasts',
    '• reset-counts is late since 2026-05-06 07:00 Europe/Berlin: it is late → mend reset-counts',
  ]);
});

test('a long line is cut between characters', () => {
  for (const length of [664, 665, 666, 667, 668]) {
    const { message } = nextStep(nothing, look([{ ...ill('a'), why: `${'x'.repeat(length)}😀😀😀😀😀` }]));
    const { text = '' } = message ?? {};
    expect(Buffer.from(text).toString()).toBe(text);
    expect(text).toMatch(/x😀*…$/u);
  }
});
