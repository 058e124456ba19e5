import fc from 'fast-check';
import { extraHeaders, forwardableHeaders } from './headers.ts';

describe('forwardableHeaders', () => {
  it('drops what a broker added or would act upon, and keeps the rest', () => {
    const kept = { task: 't', id: 'i', 'x-trace': 'abc', 'x-lovage-turn': 1, 'x-deathly': 1, stamps: {} };
    const added = {
      ...{ 'x-death': [{}], 'x-first-death-queue': 'q', 'x-first-death-reason': 'r', 'x-first-death-exchange': 'e' },
      ...{ 'x-last-death-queue': 'q', 'x-delivery-count': 3, 'x-acquired-count': 1, CC: ['q2'], BCC: ['q3'] },
    };
    expect(forwardableHeaders({ ...added, ...kept })).toEqual(kept);
  });

  it('changes nothing when there is nothing of a broker', () => {
    const names = fc.stringMatching(/^[a-w_]{1,9}$/).filter((name) => !['cc', 'bcc', '__proto__'].includes(name));
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), (headers) => {
        expect(forwardableHeaders(headers)).toEqual(headers);
      }),
    );
  });
});

describe('extraHeaders', () => {
  it("gives the sender's own headers only", () => {
    expect(
      extraHeaders({ task: 't', lang: 'py', 'x-lovage-row': 1, 'x-death': [], compression: 'zlib' }),
    ).toBeUndefined();
    expect(extraHeaders({ task: 't', stamps: { tenant: ['acme'] }, 'x-trace': 'abc' })).toEqual({
      stamps: { tenant: ['acme'] },
      'x-trace': 'abc',
    });
  });

  it('reads bytes as text, so that they can be kept as JSON', () => {
    expect(extraHeaders({ 'x-trace': Buffer.from('ä') })).toEqual({ 'x-trace': 'ä' });
  });

  it.each([
    ['a bigint', { 'x-a': 1n }],
    ['NaN', { 'x-a': NaN }],
    ['a key __proto__', { 'x-a': JSON.parse('{"__proto__":1}') as unknown }],
    ['a header __proto__', JSON.parse('{"__proto__":1}') as Record<string, unknown>],
    ['a deep value', { 'x-a': JSON.parse('['.repeat(70) + ']'.repeat(70)) as unknown }],
  ])('refuses %s', (_what, headers) => {
    expect(() => extraHeaders(headers)).toThrow(expect.objectContaining({ code: 'headers_invalid' }));
  });
});
