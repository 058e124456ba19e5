import fc from 'fast-check';
import { failureFromWire, failureToWire, readFailure } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

describe('retryAfterMs', () => {
  it.each<[unknown, number | undefined]>([
    [{ retryAfter: 1.5 }, 1500],
    [{ retryAfter: '120' }, 120_000],
    [{ retryAfter: new Date(NOW + 5000) }, 5000],
    [{ retryAfter: new Date(NOW - 5000) }, 0],
    [{ retryAfter: -3 }, 0],
    [{ retryAfter: new Date(NaN) }, undefined],
    [{ retryAfter: Infinity }, undefined],
    [{ retryAfter: 'soon' }, undefined],
    [{ retryAfter: '5.5' }, undefined],
    [{ headers: { 'retry-after': '3' } }, 3000],
    [{ headers: { 'Retry-After': ['4', '5'] } }, 4000],
    [{ response: { headers: new Headers({ 'Retry-After': 'Thu, 01 Jan 2026 12:00:30 GMT' }) } }, 30_000],
    [{ response: { headers: new Headers() } }, undefined],
    [{ response: null, headers: null }, undefined],
    [new Error('plain'), undefined],
    ['text', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j', (error, ms) => expect(retryAfterMs(error, NOW)).toBe(ms));

  it('is a wait or nothing, whatever it is given', () => {
    const anything = fc.anything({ withDate: true });
    const error = fc.oneof(anything, fc.record({ retryAfter: anything, headers: anything, response: anything }));
    fc.assert(
      fc.property(error, (given) => {
        const ms = retryAfterMs(given, NOW);
        expect(ms === undefined || (Number.isInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });

  it('crosses from a child to its worker, though the headers do not', () => {
    const error = Object.assign(new Error('429'), { response: { headers: new Headers({ 'retry-after': '7' }) } });
    expect(failureFromWire(failureToWire(readFailure(error, undefined))).retryAfterMs).toBe(7000);
  });
});
