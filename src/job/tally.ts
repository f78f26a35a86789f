import { lateBounds } from '../output/late-bounds.ts';
import type { Addition } from '../store/totals.ts';

/** What a pass counts for the totals beside its summary. */
export class Tally {
  readonly #failed = new Map<string, number>();
  readonly #late = new Map<string, number>();
  #lateMs = 0;

  /** Items are given up. @param reason as their `failure` has it */
  failed(reason: string, items = 1): void {
    if (items > 0) this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + items);
  }

  /** Something went that was to go before. @param ms after its time; what had no time is not counted */
  went(ms: number): void {
    if (!Number.isFinite(ms)) return;
    const late = Math.max(0, ms);
    const label = String(lateBounds.find((bound) => late <= bound * 1000) ?? 'inf');
    this.#late.set(label, (this.#late.get(label) ?? 0) + 1);
    this.#lateMs += late;
  }

  additions(): Addition[] {
    return [
      ...additionsOf('failed', this.#failed),
      ...additionsOf('late', this.#late),
      { name: 'late_ms', label: '', value: Math.round(this.#lateMs) },
    ];
  }
}

function additionsOf(name: Addition['name'], figures: ReadonlyMap<string, number>): Addition[] {
  return [...figures].map(([label, value]) => ({ name, label, value }));
}
