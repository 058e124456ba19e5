import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pack, packPriorities, splitBySize, type Packable } from './pack.ts';

const packable: fc.Arbitrary<Packable> = fc
  .record({
    queue: fc.string({ unit: 'binary' }),
    priority: fc.integer({ min: 0, max: 9 }),
    properties: fc.string({ unit: 'grapheme' }),
    body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  })
  .map((parts) => ({ ...parts, propertiesSize: Buffer.byteLength(parts.properties) }));

const numbers = (literal: unknown): number[] => (JSON.parse(`[${String(literal).slice(1, -1)}]`) as number[]) ?? [];
/** A text[] literal has JSON's quoting, but for `\` before any character. */
const texts = (literal: unknown): string[] =>
  [...String(literal).matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1]!.replace(/\\(.)/gs, '$1'));

describe('pack', () => {
  test('every message can be cut out of the parameters again', () => {
    fc.assert(
      fc.property(fc.array(packable, { minLength: 1 }), (items) => {
        const { values, places } = pack(items);
        const queues = texts(values[0]);
        expect(new Set(queues).size).toBe(queues.length);
        const [place, at, properties, body] = values.slice(1, 5).map(numbers) as [
          number[],
          number[],
          number[],
          number[],
        ];
        expect(place).toEqual(places);
        const bytes = values[5] as Buffer;
        const unpacked = items.map((_, n) => {
          const from = at[n]! - 1;
          const middle = from + properties[n]!;
          return {
            queue: queues[place[n]! - 1],
            properties: bytes.subarray(from, middle).toString(),
            body: bytes.subarray(middle, middle + body[n]!).toString('hex'),
          };
        });
        expect(unpacked).toEqual(
          items.map((item) => ({ queue: item.queue, properties: item.properties, body: item.body.toString('hex') })),
        );
      }),
    );
  });
});

describe('packPriorities', () => {
  test('has a place for each priority of a queue, with what its ids are moved by and who is told', () => {
    const item = (queue: string, priority: number): Packable => ({
      ...{ queue, priority, properties: '{}', propertiesSize: 2, body: Buffer.alloc(0) },
    });
    const { places, values } = packPriorities([item('a', 9), item('b', 9), item('a', 9), item('a', 4), item('a', 0)]);
    expect(places).toEqual([1, 2, 1, 3, 4]);
    expect(texts(values[0])).toEqual(['a', 'b', 'a', 'a']);
    expect(numbers(values[6])).toEqual([-5 * 2 ** 49, -5 * 2 ** 49, 0, 4 * 2 ** 49]);
    expect(texts(values[7])).toEqual(['<high', '<high', '', '<low']);
  });
});

describe('splitBySize', () => {
  test('keeps every item in order, and no run above the limit but a single item', () => {
    fc.assert(
      fc.property(fc.array(packable), fc.integer({ min: 1, max: 100 }), (items, limit) => {
        const runs = splitBySize(items, limit);
        expect(runs.flat()).toEqual(items);
        for (const run of runs) {
          expect(run.length).toBeGreaterThan(0);
          const size = run.reduce((sum, item) => sum + item.propertiesSize + item.body.length, 0);
          if (run.length > 1) expect(size).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});
