import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upcomingGuides } from '../../../src/jobs/post-guide/rotation.ts';
import { compareGuides, type Guide } from '../../../src/store/guides.ts';

const rest = { title: 'T', description: null, url: null, markdown: null };

const anyGuides = fc
  .uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 2 }),
      position: fc.option(fc.integer({ min: -2, max: 3 })),
      enabled: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 8 },
  )
  .map((guides): Guide[] => guides.map((guide) => ({ ...guide, ...rest })).sort(compareGuides));

const anyLast = fc.record({
  id: fc.string({ minLength: 1, maxLength: 2 }),
  position: fc.option(fc.integer({ min: -2, max: 3 })),
});

const runs = { numRuns: 2_000 };

test('a round holds every enabled guide once, in order but for one step back to the first', () => {
  fc.assert(
    fc.property(anyGuides, fc.option(anyLast), (guides, last) => {
      const round = upcomingGuides(guides, last);
      const enabled = guides.filter((guide) => guide.enabled);
      expect([...round].sort(compareGuides)).toEqual(enabled);
      const steps = round.slice(1).filter((guide, index) => compareGuides(guide, round[index] ?? guide) < 0);
      expect(steps.length).toBeLessThanOrEqual(1);
    }),
    runs,
  );
});

test('no enabled guide lies between the last one and the next', () => {
  fc.assert(
    fc.property(anyGuides, anyLast, (guides, last) => {
      const [next] = upcomingGuides(guides, last);
      if (next === undefined) return;
      const place = guides.find(({ id }) => id === last.id) ?? last;
      const later = guides.filter((guide) => guide.enabled && compareGuides(guide, place) > 0);
      const nearest = later[0] ?? guides.find((guide) => guide.enabled);
      expect(next).toBe(nearest);
    }),
    runs,
  );
});

test('slot by slot, every guide comes equally often', () => {
  fc.assert(
    fc.property(anyGuides, fc.integer({ min: 1, max: 3 }), (guides, rounds) => {
      const enabled = guides.filter((guide) => guide.enabled);
      const counts = new Map<string, number>();
      let last: Guide | null = null;
      for (let slot = 0; slot < enabled.length * rounds; slot++) {
        last = upcomingGuides(guides, last)[0] ?? null;
        if (last !== null) counts.set(last.id, (counts.get(last.id) ?? 0) + 1);
      }
      expect([...counts.values()]).toEqual(enabled.map(() => rounds));
    }),
    runs,
  );
});
