import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecyclingMap } from './recycling-map.ts';

interface Like {
  set(key: number, value: object): unknown;
  delete(key: number): boolean;
}

/** Bytes in the space for old objects after values came and went, each there for two of the young collections at most. */
function grownOld(map: Like): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  const used = (): number =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size;
  gc();
  const before = used();
  for (let no = 0; no < 20_000; no += 1) {
    map.set(no, { text: Array.from({ length: 100 }, () => no) });
    map.delete(no - 100);
    if (no % 300 === 0) gc({ type: 'minor' });
  }
  return used() - before;
}

describe('a map whose values come and go', () => {
  it('does what a Map does, whatever is done with it', () => {
    const key = fc.integer({ min: 0, max: 6 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('take' as const), key }),
      fc.record({ do: fc.constant('clear' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ours = new RecyclingMap<number, object>();
        const model = new Map<number, object>();
        for (const [no, { do: what, key: at }] of steps.entries()) {
          if (what === 'clear') {
            ours.clear();
            model.clear();
          } else if (what === 'delete') expect(ours.delete(at)).toBe(model.delete(at));
          else if (what === 'take') {
            expect(ours.take(at)).toEqual(model.get(at));
            model.delete(at);
          } else {
            ours.set(at, { no });
            model.set(at, { no });
          }
          expect(ours.size).toBe(model.size);
          expect(ours.has(at)).toBe(model.has(at));
          expect(ours.get(at)).toEqual(model.get(at));
          expect([...ours.values()]).toEqual([...model.values()]);
        }
      }),
    );
  });

  it('may change while its values are gone through', () => {
    const map = new RecyclingMap<string, { n: number }>();
    for (const [n, key] of ['a', 'b', 'c'].entries()) map.set(key, { n });
    const seen: number[] = [];
    for (const { n } of map.values()) {
      seen.push(n);
      if (n === 0) {
        map.delete('a');
        map.delete('b');
        map.set('d', { n: 3 });
      }
    }
    expect(seen).toEqual([0, 2, 3]);
  });

  it('lets the collector have its values young, where a Map has them grow old', () => {
    const [ours, ofMap] = [grownOld(new RecyclingMap<number, object>()), grownOld(new Map<number, object>())];
    expect(ofMap).toBeGreaterThan(8e6);
    expect(ours).toBeLessThan(ofMap / 4);
  });
});
