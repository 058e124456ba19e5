import { z } from 'zod';
import { defineTask, type TaskContext } from '@lovage/task';

const trap = (): never => {
  throw new Error('a trap');
};
const unreadable = (): object =>
  new Proxy({}, { get: trap, getPrototypeOf: trap, ownKeys: trap, has: trap, getOwnPropertyDescriptor: trap });
const revoked = (of: object): object => {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
};
const withGetter = (key: string): Error => Object.defineProperty(new Error('x'), key, { get: trap });
const withValue = (key: string, value: unknown): Error => Object.defineProperty(new Error('x'), key, { value });
const circular = (): object => {
  const one: Record<string, unknown> = {};
  one['self'] = one;
  return one;
};
const ownCause = (): Error => {
  const error = new Error('its own cause');
  error.cause = error;
  return error;
};
const huge = (): string => 'h'.repeat(3_000_000);
const raise = (thrown: () => unknown) => (): never => {
  throw thrown();
};

/** Declares what JSON may not be able to write. */
export const careless = defineTask({
  name: 'test.careless',
  input: z.strictObject({}),
  output: z.unknown(),
  errors: { Upstream: z.object({ cause: z.unknown() }), Refused: z.object({ reason: z.string() }) },
});
/** Another contract, with errors of its own. */
export const neighbour = defineTask({
  name: 'test.neighbour',
  input: z.strictObject({}),
  output: z.null(),
  errors: { Full: z.object({ left: z.number() }), Refused: z.object({ reason: z.string() }) },
});

const error = (type: string, more: object = {}) => ({ state: 'FAILURE', error: { type, ...more } });

/** What handlers may do wrong, and how their task ends; each harms nobody else, in every pool. */
export const badDeeds: Record<string, { readonly do: (task: TaskContext) => unknown; readonly ends: object }> = {
  stackObject: { do: raise(() => withValue('stack', { an: 'object' })), ends: error('Error', { message: 'x' }) },
  messageObject: { do: raise(() => withValue('message', { a: 1 })), ends: error('Error', { message: '{"a":1}' }) },
  messageGetter: { do: raise(() => withGetter('message')), ends: error('Error', { message: '(cannot be read)' }) },
  nameGetter: { do: raise(() => withGetter('name')), ends: error('Error', { message: 'x' }) },
  stackGetter: { do: raise(() => withGetter('stack')), ends: error('Error', { message: 'x' }) },
  headersGetter: { do: raise(() => withGetter('headers')), ends: error('Error', { message: 'x' }) },
  retryAfterGetter: { do: raise(() => withGetter('retryAfter')), ends: error('Error', { message: 'x' }) },
  causeGetter: { do: raise(() => withGetter('cause')), ends: error('Error', { message: 'x' }) },
  toStringThrows: {
    do: raise(() => Object.assign(new Error('x'), { toString: trap, toJSON: trap })),
    ends: error('Error', { message: 'x' }),
  },
  proxy: { do: raise(unreadable), ends: error('Error', { message: '(cannot be read)' }) },
  revokedProxy: { do: raise(() => revoked(new Error('x'))), ends: error('Error') },
  hugeName: { do: raise(() => withValue('name', huge())), ends: error(`${'h'.repeat(199)}…`) },
  hugeMessage: { do: raise(() => new Error(huge())), ends: error('Error', { message: `${'h'.repeat(8191)}…` }) },
  nulAndHalves: { do: raise(() => new Error('a\0b\ud800')), ends: error('Error', { message: 'a\uFFFDb\uFFFD' }) },
  circularCause: { do: raise(ownCause), ends: error('Error', { message: 'its own cause' }) },
  evilCause: { do: raise(() => new Error('x', { cause: unreadable() })), ends: error('Error', { message: 'x' }) },
  throwUndefined: {
    do: raise(() => undefined),
    ends: error('Error', { message: 'a non-error was thrown: undefined' }),
  },
  throwNull: { do: raise(() => null), ends: error('Error', { message: 'a non-error was thrown: null' }) },
  rejectNothing: { do: () => Promise.reject(), ends: error('Error', { message: 'a non-error was thrown: undefined' }) },
  fetchFailed: {
    do: raise(
      () =>
        new TypeError('fetch failed', {
          cause: new AggregateError(
            [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
            'all addresses failed',
          ),
        }),
    ),
    ends: error('TypeError', {
      message: 'fetch failed',
      cause: {
        ...{ type: 'AggregateError', message: 'all addresses failed' },
        errors: [{ type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' }],
      },
    }),
  },
  declared: {
    do: raise(() => careless.error('Refused', { reason: 'no' })),
    ends: error('Refused', { message: 'Refused', data: { reason: 'no' } }),
  },
  declaredCircular: {
    do: raise(() => careless.error('Upstream', { cause: circular() }, 'it is away')),
    ends: error('OutputInvalidError', {
      cause: { type: 'Upstream', message: 'it is away' },
    }),
  },
  declaredBigint: {
    do: raise(() => careless.error('Upstream', { cause: 1n })),
    ends: error('OutputInvalidError', { cause: { type: 'Upstream', message: 'Upstream' } }),
  },
  declaredElsewhere: {
    do: raise(() => neighbour.error('Full', { left: 0 })),
    ends: error('Full', { code: 'declared_error', data: { left: 0 } }),
  },
  declaredElsewhereToo: {
    do: raise(() => neighbour.error('Refused', { reason: 'of the neighbour' })),
    ends: error('DeclaredError', { code: 'declared_error', data: { reason: 'of the neighbour' } }),
  },
  resultBigint: { do: () => 1n, ends: error('OutputInvalidError') },
  resultToJson: { do: () => ({ toJSON: raise(() => null) }), ends: error('OutputInvalidError') },
  resultProxy: { do: unreadable, ends: error('Error', { message: 'a trap' }) },
  thenGetter: {
    do: () => Object.defineProperty({}, 'then', { get: trap }),
    ends: error('Error', { message: 'a trap' }),
  },
  thenThrows: { do: () => ({ then: trap }), ends: error('Error', { message: 'a trap' }) },
  thenTwice: {
    do: () => ({
      then: (settle: (value: unknown) => void, fail: (thrown: unknown) => void) => {
        settle('first');
        fail(unreadable());
        trap();
      },
    }),
    ends: { state: 'SUCCESS', result: 'first' },
  },
  logs: {
    do: (task) => {
      task.log.info(unreadable() as never, unreadable() as never);
      task.log.error(huge(), { huge: huge(), err: withGetter('message'), circular: circular(), big: 1n });
      task.log.warn(Symbol('s') as never, {
        get trap(): never {
          return trap();
        },
      });
      return 'logged';
    },
    ends: { state: 'SUCCESS', result: 'logged' },
  },
  progress: { do: (task) => task.progress(unreadable()), ends: { state: 'FAILURE' } },
  sends: {
    do: () => {
      if (!process.send) return 'sent';
      for (const message of [
        ...[null, 'ready', 1, {}, { type: 'log' }, { type: 'ask' }, { type: 'progress' }],
        ...[
          { type: 'log', level: 'info', message: huge(), fields: null },
          { type: 'ask', no: 1, question: null },
        ],
      ])
        process.send(message as never);
      return 'sent';
    },
    ends: { state: 'SUCCESS', result: 'sent' },
  },
};
