import { describe, expect, test } from '@jest/globals';
import { TAKE_BYTES, TakeSize } from './take-size.ts';

const MB = 1024 * 1024;

describe('take size', () => {
  test('small messages are taken by what is free, up to the most', () => {
    const size = new TakeSize(500);
    expect([size.upTo(0), size.upTo(7), size.upTo(2000)]).toEqual([0, 7, 500]);
    size.took(Array.from({ length: 200 }, () => 300));
    expect(size.upTo(2000)).toBe(500);
    expect(size.upTo(-1)).toBe(0);
  });

  test('large ones only as many as fit, from the next take on, and one in any case', () => {
    const size = new TakeSize(500);
    size.took([4 * MB, 4 * MB]);
    expect(size.upTo(200)).toBe(TAKE_BYTES / (4 * MB));
    size.took([100 * MB]);
    expect(size.upTo(200)).toBe(1);
    expect(size.upTo(0)).toBe(0);
  });

  test('after a few small ones it takes many again', () => {
    const size = new TakeSize(500);
    size.took([16 * MB]);
    for (let n = 0; n < 12; n += 1) size.took([100]);
    expect(size.upTo(500)).toBe(500);
    size.took([]);
    expect(size.upTo(500)).toBe(500);
  });
});
