import { describe, expect, test } from 'vitest';
import { Witness } from '../../src/engine/witness.ts';

function witness(options: { worked?: boolean; inARow?: number } = {}) {
  const told: string[] = [];
  const made = new Witness({ worked: false, inARow: 0, ...options });
  const refuse = (chatId: string): boolean =>
    made.refused({
      chatId,
      description: 'chat not found',
      believe: () => told.push(`${chatId} believed`),
      doubt: () => told.push(`${chatId} doubted`),
    });
  return { made, told, refuse };
}

describe('a refusal', () => {
  test('is not believed without a witness', () => {
    const { made, told, refuse } = witness();
    expect([refuse('1'), refuse('2'), made.decide()]).toEqual([false, false, false]);
    expect(told).toEqual(['1 doubted', '2 doubted']);
  });

  test('is believed beside another chat that had success, before it or after it, or within the last hour', () => {
    const after = witness();
    after.refuse('1');
    after.made.succeeded('2');
    expect(after.told).toEqual(['1 believed']);
    const before = witness();
    before.made.succeeded('2');
    before.refuse('1');
    before.made.decide();
    expect(before.told).toEqual(['1 believed']);
    const remembered = witness({ worked: true });
    remembered.refuse('1');
    remembered.made.decide();
    expect(remembered.told).toEqual(['1 believed']);
  });

  test('of the chat itself is no witness', () => {
    const { made, told, refuse } = witness();
    made.succeeded('1');
    refuse('1');
    made.succeeded('1');
    made.decide();
    expect(told).toEqual(['1 doubted']);
  });
});

describe('a row of chats', () => {
  test("of twenty is the bot's fault, and nothing of it is believed though there was a witness", () => {
    const { made, told, refuse } = witness({ worked: true });
    const long = Array.from({ length: 20 }, (_, n) => refuse(String(n)));
    expect(long.indexOf(true)).toBe(19);
    expect(made.decide()).toBe(true);
    expect(told.every((text) => text.endsWith('doubted'))).toBe(true);
    expect(made.commonestWords).toBe('chat not found');
  });

  test('counts chats and not refusals, and begins anew with a success', () => {
    const { made, refuse } = witness();
    for (let n = 0; n < 50; n++) expect(refuse('1')).toBe(false);
    for (let n = 0; n < 18; n++) expect(refuse(`a${n}`)).toBe(false);
    made.succeeded('2');
    for (let n = 0; n < 19; n++) expect(refuse(`b${n}`)).toBe(false);
    expect(refuse('c')).toBe(true);
  });

  test('goes on from pass to pass, so that a small queue makes it long as well', () => {
    let inARow = 0;
    let passes = 0;
    for (let tooLong = false; !tooLong && passes < 50; passes++) {
      const { made, refuse } = witness({ inARow });
      for (const chat of ['1', '2', '3']) tooLong ||= refuse(`${passes} ${chat}`);
      tooLong ||= made.decide();
      inARow = made.inARow;
    }
    expect(passes).toBe(7);
  });
});
