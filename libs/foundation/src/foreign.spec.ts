import fc from 'fast-check';
import {
  errorDetails,
  fieldOf,
  isA,
  MAX_ERROR_MESSAGE,
  MAX_ERROR_STACK,
  MAX_ERROR_TYPE,
  plainFields,
  plainOf,
  textOf,
  type ErrorDetails,
} from './foreign.ts';
import { hasCode, toError } from './errors.ts';

const throwing = (): never => {
  throw new Error('a trap');
};
/** Throws at whatever is asked of it. */
const trap = new Proxy(
  {},
  { get: throwing, getPrototypeOf: throwing, ownKeys: throwing, has: throwing, getOwnPropertyDescriptor: throwing },
);
const revoked = (of: object): object => {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
};
const withGetter = (key: string): Error => Object.defineProperty(new Error('x'), key, { get: throwing });
const huge = 'h'.repeat(5_000_000);
const circular: Record<string, unknown> = {};
circular['self'] = circular;
const own = new Error('its own cause');
own.cause = own;

const NASTY: unknown[] = [
  ...[trap, revoked({}), revoked([]), revoked(new Error('x'))],
  ...['stack', 'message', 'name', 'code', 'cause', 'errors', 'headers', 'retryAfter'].map(withGetter),
  ...['stack', 'message', 'name'].map((key) => Object.defineProperty(new Error('x'), key, { value: { an: 'object' } })),
  Object.assign(new Error('x'), { toString: throwing, toJSON: throwing }),
  ...[huge, new Error(huge), Object.defineProperty(new Error('x'), 'name', { value: huge }), Symbol(huge)],
  ...[circular, own, new Error('outer', { cause: circular }), new Error('outer', { cause: trap })],
  new AggregateError([trap, own, ...Array.from({ length: 1000 }, (_, i) => new Error(huge + String(i)))], huge),
  Object.assign(new Error('x'), { errors: revoked([]) }),
  ...[undefined, null, NaN, -0, 10n ** 5000n, Symbol('s'), throwing, new Date(NaN), Buffer.alloc(1_000_000)],
  ...[new Map([[circular, trap]]), new Set([1]), Object.create(null), { toJSON: throwing }, { toJSON: () => trap }],
  { ['__proto__']: 1, a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } },
  Array.from({ length: 100_000 }, (_, i) => i),
  Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, trap])),
];

/** In a box: fast-check asks its values questions, which some of these answer by throwing. */
const boxed = (value: unknown) => ({ value });
const nasty = fc.nat(NASTY.length - 1).map((i) => boxed(NASTY[i]));
const arbitrary = fc.oneof(
  nasty,
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }).map(boxed),
  fc
    .tuple(fc.string(), nasty, fc.anything())
    .map(([message, { value }, code]) => boxed(Object.assign(new Error(message, { cause: value }), { code }))),
);

/** All levels of it. */
function levels(details: ErrorDetails, depth = 0): [ErrorDetails, number][] {
  const below = [...(details.cause ? [details.cause] : []), ...(details.errors ?? [])];
  return [[details, depth], ...below.flatMap((one) => levels(one, depth + 1))];
}

test('whatever was thrown is read to the end, within the bounds, and JSON can write it', () => {
  fc.assert(
    fc.property(arbitrary, ({ value: thrown }) => {
      const details = errorDetails(thrown);
      expect(JSON.parse(JSON.stringify(details))).toEqual(details);
      expect(JSON.stringify(details).length).toBeLessThan(200_000);
      for (const [{ type, message, stack = '' }, depth] of levels(details)) {
        expect(type.length).toBeGreaterThan(0);
        expect(type.length).toBeLessThanOrEqual(MAX_ERROR_TYPE);
        expect(message.length).toBeLessThanOrEqual(MAX_ERROR_MESSAGE);
        expect(stack.length).toBeLessThanOrEqual(MAX_ERROR_STACK);
        expect(`${type}${message}${stack}`).not.toMatch(/\0|\p{Surrogate}/u);
        expect(depth).toBeLessThanOrEqual(5);
      }
      expect(levels(details).length).toBeLessThanOrEqual(16);
    }),
    { numRuns: 500, examples: NASTY.map((value) => [{ value }] as [{ value: unknown }]) },
  );
});

test('a copy for people is plain, and no larger than its bounds', () => {
  fc.assert(
    fc.property(arbitrary, fc.integer({ min: 1, max: 500 }), ({ value }, maxChars) => {
      const json = JSON.stringify(plainOf(value, { maxChars, maxNodes: 50 })) ?? 'null';
      expect(JSON.parse(json)).toBeDefined();
      // Each value may cost some characters beside its own: quotes, commas, a note of what was left out.
      expect(json.length).toBeLessThan(6 * maxChars + 50 * 100);
      expect(textOf(value, maxChars).length).toBeLessThanOrEqual(maxChars);
      expect(typeof plainFields(value)).toBe('object');
    }),
    { numRuns: 500, examples: NASTY.map((value) => [{ value }, 100] as [{ value: unknown }, number]) },
  );
});

test('questions that a Proxy answers by throwing are answered with no', () => {
  for (const value of NASTY) {
    expect(() => [fieldOf(value, 'x'), isA(value, TypeError), hasCode(value, 'x'), toError(value)]).not.toThrow();
  }
  expect(isA(trap, Error)).toBe(false);
  expect(fieldOf(trap, 'x')).toBeUndefined();
});

test('a code of -0 is one that JSON can write', () => {
  expect(errorDetails(Object.assign(new Error(), { code: -0 })).code).toBe(0);
});

test('cause, errors and code are kept', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const failed = new TypeError('fetch failed', { cause: new AggregateError([refused, 'a text'], 'all failed') });
  expect(errorDetails(failed)).toMatchObject({
    ...{ type: 'TypeError', message: 'fetch failed' },
    cause: {
      ...{ type: 'AggregateError', message: 'all failed' },
      errors: [
        { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
        { type: 'Error', message: 'a text' },
      ],
    },
  });
});

test.each([
  [undefined, 'a non-error was thrown: undefined'],
  [null, 'a non-error was thrown: null'],
  ['a text', 'a text'],
  [5n, 'a non-error was thrown: 5'],
  [{ status: 500 }, 'a non-error was thrown: {"status":500}'],
  [{ message: 'like an error' }, 'like an error'],
  [circular, 'a non-error was thrown: {"self":"[circular]"}'],
  [trap, '(cannot be read)'],
])('what is no error is told in the message: %#', (thrown, message) =>
  expect(errorDetails(thrown)).toMatchObject({ type: 'Error', message }),
);

test('of a stack whose message is huge the frames are kept', () => {
  const { stack } = errorDetails(new Error(huge));
  expect(stack).toContain('foreign.spec');
  expect(stack!.length).toBeLessThanOrEqual(MAX_ERROR_STACK);
});

test('what is copied for people tells what JSON has no word for', () => {
  const copy = plainOf({
    f: throwing,
    n: NaN,
    big: 5n,
    m: new Map([[1, 2]]),
    d: new Date(0),
    u: undefined,
    a: [undefined],
  });
  expect(copy).toEqual({
    ...{ f: '[function throwing]', n: 'NaN', big: '5', m: '[Map of 1]' },
    ...{ d: '1970-01-01T00:00:00.000Z', a: [null] },
  });
});
