import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Owed } from '../../src/engine/owed.ts';

interface Notice {
  id: number;
  chatId: string;
}

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('owe' as const), chat: fc.integer({ min: -3, max: 5 }) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2_000 }) }),
    fc.record({ kind: fc.constant('claim' as const), ahead: fc.integer({ min: 0, max: 400 }), most: fc.nat(6) }),
    fc.record({ kind: fc.constant('send' as const) }),
    fc.record({ kind: fc.constant('answer' as const), how: fc.constantFrom('sent', 'over', 'back') }),
    fc.record({ kind: fc.constant('unclaim' as const) }),
  ),
  { maxLength: 150 },
);

test('what is owed is sent, given back or waits: never lost, never twice, one of a chat at a time, no chat before it is ready', () => {
  fc.assert(
    fc.property(operations, (script) => {
      const owed = new Owed<Notice>();
      let now = 0;
      let nextId = 0;
      const waiting = new Set<number>();
      const claimed = new Map<number, Notice>();
      const underWay: Notice[] = [];
      const restUntil = new Map<string, number>();
      for (const operation of script) {
        switch (operation.kind) {
          case 'owe': {
            const notice = { id: nextId++, chatId: String(operation.chat) };
            if (owed.add(notice, now)) waiting.add(notice.id);
            break;
          }
          case 'wait':
            now += operation.ms;
            break;
          case 'claim': {
            const before = owed.readyBy(now + operation.ahead, 100);
            const chosen = owed.claim(now + operation.ahead, operation.most);
            expect(chosen).toHaveLength(Math.min(before, operation.most));
            for (const notice of chosen) {
              expect(waiting.delete(notice.id)).toBe(true);
              const busy = [...claimed.values(), ...underWay].map(({ chatId }) => chatId);
              expect(busy).not.toContain(notice.chatId);
              expect(restUntil.get(notice.chatId) ?? 0).toBeLessThanOrEqual(now + operation.ahead);
              claimed.set(notice.id, notice);
              owed.claimed(notice);
            }
            break;
          }
          case 'send': {
            const notice = owed.send(now);
            if (notice === undefined) break;
            expect(claimed.delete(notice.id)).toBe(true);
            expect(restUntil.get(notice.chatId) ?? 0).toBeLessThanOrEqual(now);
            underWay.push(notice);
            break;
          }
          case 'answer': {
            const notice = underWay.shift();
            if (notice === undefined) break;
            if (operation.how === 'back') {
              owed.putBack(notice, now);
              waiting.add(notice.id);
            } else if (operation.how === 'over') owed.over(notice.chatId, now);
            else {
              owed.sent(notice.chatId, now);
              restUntil.set(notice.chatId, now + (notice.chatId.startsWith('-') ? 3_000 : 1_000));
            }
            break;
          }
          case 'unclaim':
            for (const notice of owed.unclaim()) {
              expect(claimed.delete(notice.id)).toBe(true);
              owed.putBack(notice, now);
              waiting.add(notice.id);
            }
        }
        expect(owed.size).toBe(waiting.size);
        expect(owed.claimedCount).toBe(claimed.size);
      }
      // All that waits comes in time.
      for (const { chatId } of [...underWay]) owed.over(chatId, now);
      for (const notice of owed.unclaim()) {
        owed.putBack(notice, now);
        waiting.add(notice.id);
      }
      for (let rounds = 0; waiting.size > 0 && rounds < 200; rounds++) {
        now += 3_000;
        for (const notice of owed.claim(now, 100)) {
          expect(waiting.delete(notice.id)).toBe(true);
          owed.over(notice.chatId, now);
        }
      }
      expect(waiting.size).toBe(0);
    }),
  );
});

describe('bounds', () => {
  test('few of a chat, and some thousands in all', () => {
    const owed = new Owed<Notice>();
    const taken = Array.from({ length: 100 }, (_, id) => owed.add({ id, chatId: '1' }, 0)).filter(Boolean).length;
    expect(taken).toBeLessThanOrEqual(10);
    for (let id = 0; id < 10_000; id++) owed.add({ id, chatId: String(id) }, 0);
    expect(owed.size).toBeLessThanOrEqual(2_000);
  });

  test('a chat that is owed many holds no other up', () => {
    const owed = new Owed<Notice>();
    for (let id = 0; id < 4; id++) owed.add({ id, chatId: '1' }, 0);
    owed.add({ id: 9, chatId: '2' }, 0);
    expect(owed.claim(0, 10).map(({ chatId }) => chatId)).toEqual(['1', '2']);
  });

  test('a chat that has rested comes before those that come later', () => {
    const owed = new Owed<Notice>();
    owed.sent('1', 0);
    owed.add({ id: 1, chatId: '1' }, 10);
    for (let id = 2; id < 9; id++) owed.add({ id, chatId: String(id) }, 1_500);
    expect(owed.claim(1_600, 1)).toMatchObject([{ chatId: '1' }]);
  });
});
