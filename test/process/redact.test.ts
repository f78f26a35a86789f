import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../src/process/redact.ts';

const secret = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 20 }).filter((text) => !text.includes('*'));
const piece = fc.string().filter((text) => !text.includes('*'));

describe('redact', () => {
  test('hides a secret wherever it stands, as often as it stands there', () => {
    expect(redact('hunter2 and hunter2, not hunter', ['hunter2'])).toBe('*** and ***, not hunter');
  });

  test('leaves nothing of a secret that holds another one', () => {
    expect(redact('at 123:abcdef!', ['abcdef', '123:abcdef'])).toBe('at ***!');
  });

  test('leaves nothing of two secrets that overlap', () => {
    expect(redact('x abcdef y', ['abcd', 'cdef'])).toBe('x *** y');
    expect(redact('aaaaa', ['aaaa'])).toBe('***');
  });

  test('knows a secret inside a JSON string', () => {
    const line = JSON.stringify({ error: 'no entry with "quo\\te"' });
    expect(redact(line, ['"quo\\te"'])).toBe('{"error":"no entry with ***"}');
  });

  test('leaves a text without secrets, and passes over an empty secret', () => {
    expect(redact('nothing here', ['hunter2', ''])).toBe('nothing here');
    expect(redact('nothing here', [])).toBe('nothing here');
  });

  test('whatever the text and the secrets, no secret is left and the rest of the text is', () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.array(piece), (secrets, pieces) => {
        const text = pieces.flatMap((piece, index) => [piece, secrets[index % secrets.length]]).join('');
        const shown = redact(text, secrets);
        for (const each of secrets) expect(shown).not.toContain(each);
        let at = 0;
        for (const piece of shown.split('***')) {
          expect(text.indexOf(piece, at)).toBeGreaterThanOrEqual(at);
          at = text.indexOf(piece, at) + piece.length;
        }
      }),
    );
  });

  test('whatever the secret, it is not left in JSON either', () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (each, before, after) => {
        const line = redact(JSON.stringify({ a: before + each + after }), [each]);
        expect(line).not.toContain(JSON.stringify(each).slice(1, -1));
      }),
    );
  });
});
