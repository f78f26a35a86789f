import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as ours from '../../src/store/pg-crypto.ts';

// pg's own file, whose place ours takes in the built program.
const theirs = createRequire(import.meta.url)('pg/lib/crypto/utils.js');

const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 }).map((array) => Buffer.from(array));
const password = fc.string({ unit: 'binary', maxLength: 70 });
const hex = (data: Uint8Array | ArrayBuffer): string => Buffer.from(new Uint8Array(data)).toString('hex');

test('has every function of the file whose place it takes', () => {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
});

test('a salted password, an HMAC and a hash are those of pg', async () => {
  await fc.assert(
    fc.asyncProperty(password, bytes, fc.integer({ min: 1, max: 50 }), async (text, data, iterations) => {
      expect(hex(ours.deriveKey(text, data, iterations))).toBe(hex(await theirs.deriveKey(text, data, iterations)));
      expect(hex(ours.hmacSha256(data, text))).toBe(hex(await theirs.hmacSha256(data, text)));
      expect(hex(ours.sha256(data))).toBe(hex(await theirs.sha256(data)));
    }),
  );
});

test.each(['SHA-256', 'SHA-384', 'SHA-512'])('a certificate is hashed by %s as by pg', async (name) => {
  const certificate = Buffer.from('a certificate');
  expect(hex(ours.hashByName(name, certificate))).toBe(hex(await theirs.hashByName(name, certificate)));
});

test("a password's MD5 is that of pg", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), password, bytes, async (user, text, salt) => {
      expect(ours.postgresMd5PasswordHash(user, text, salt)).toBe(
        await theirs.postgresMd5PasswordHash(user, text, salt),
      );
    }),
  );
});

test('random bytes are as many as asked for, and not the same twice', () => {
  const [first, second] = [ours.randomBytes(18), ours.randomBytes(18)];
  expect([first.length, second.length]).toEqual([18, 18]);
  expect(hex(first)).not.toBe(hex(second));
});
