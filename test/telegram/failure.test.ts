import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallFailure, readFailure } from '../../src/telegram/failure.ts';

const coded = (code: string, message = code) => Object.assign(new Error(message), { code });

test('our own failure tells whether the call may have arrived, however deep it is wrapped', () => {
  const lost = new CallFailure('no answer within 20 ms', true);
  const unsent = new CallFailure('connect ECONNREFUSED 127.0.0.1:1', false);
  for (const wrap of [(e: Error) => e, (e: Error) => new Error('Network request failed', { cause: e })]) {
    expect(readFailure(wrap(lost))).toEqual({
      kind: 'unanswered',
      description: 'no answer within 20 ms',
      status: null,
    });
    expect(readFailure(wrap(unsent))).toEqual({ kind: 'not_sent', description: 'connect ECONNREFUSED 127.0.0.1:1' });
  }
  // A connection that broke after it stood is no proof, whatever its code.
  expect(readFailure(new CallFailure('x', true)).kind).toBe('unanswered');
  expect(readFailure(Object.assign(new CallFailure('x', true), { cause: coded('ECONNREFUSED') })).kind).toBe(
    'unanswered',
  );
});

test.each([
  'ECONNREFUSED',
  'ENOTFOUND',
  'CERT_HAS_EXPIRED',
  'ECONNRESET',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'ABORT_ERR',
])('%s alone proves nothing: only our own fetch knows what has left', (code) => {
  expect(readFailure(new TypeError('fetch failed', { cause: coded(code) }))).toMatchObject({
    kind: 'unanswered',
    description: code,
  });
  expect(readFailure(Object.assign(coded(code), { syscall: 'connect' })).kind).toBe('unanswered');
});

test('anything else that can be thrown may have arrived', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withObjectString: true }), (thrown) => {
      expect(readFailure(thrown).kind).toBe('unanswered');
    }),
  );
  const trap = new Proxy(new Error('x'), {
    get() {
      throw new Error('trapped');
    },
  });
  expect(readFailure(trap)).toEqual({ kind: 'unanswered', description: 'no answer', status: null });
  const circle: { cause?: unknown } = {};
  circle.cause = circle;
  expect(readFailure(circle).kind).toBe('unanswered');
});

test('secrets stay out of the description', () => {
  const outcome = readFailure(new CallFailure('bad /bot42:hush-hush/getMe\nnext', true), ['42:hush-hush']);
  expect(outcome).toEqual({ kind: 'unanswered', description: 'bad /bot<secret>/getMe next', status: null });
});
