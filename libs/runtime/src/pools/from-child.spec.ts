import fc from 'fast-check';
import { z } from 'zod';
import { defineTask, TaskRevokedError } from '@lovage/task';
import { SoftTimeLimitExceeded } from '../run/abort-reasons.ts';
import { failureFromWire, failureToWire, readFailure } from '../run/failure.ts';
import { badDeeds, careless } from '../testing/bad-deeds.ts';
import { fromWire, toWire } from './error-wire.ts';
import { readFromChild } from './from-child.ts';

const TYPES = ['ready', 'begun', 'unable', 'progress', 'log', 'ask', 'over', 'escaped', 'succeeded', 'failed'];
const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
const message = fc.oneof(
  anything,
  fc.dictionary(
    fc.constantFrom('error', 'progress', 'level', 'message', 'fields', 'no', 'question', 'result', 'memory', 'failure'),
    anything,
  ),
  fc.record({
    type: fc.constantFrom(...TYPES),
    level: fc.constantFrom('info', 1),
    message: anything,
    fields: anything,
  }),
  fc.record({ type: fc.constantFrom(...TYPES), no: fc.nat(), question: anything, failure: anything, error: anything }),
);

test('whatever a child sends is one of our messages, or nothing', () => {
  fc.assert(
    fc.property(message, (given) => {
      const known = readFromChild(given);
      if (!known) return;
      expect(TYPES).toContain(known.type);
      if (known.type === 'log') expect(() => JSON.stringify(known)).not.toThrow();
      if (known.type === 'failed') {
        const { document, isAnswer } = failureFromWire(known.failure);
        expect(JSON.parse(JSON.stringify(document))).toMatchObject({ type: document.type, message: document.message });
        expect(typeof isAnswer).toBe('boolean');
      }
      if (known.type === 'unable') expect(fromWire(known.error)).toBeInstanceOf(Error);
    }),
    { numRuns: 1000 },
  );
});

test('a failure crosses as it was read', async () => {
  for (const { do: act } of Object.values(badDeeds)) {
    try {
      await act({ log: { info: () => undefined, warn: () => undefined, error: () => undefined } } as never);
    } catch (thrown) {
      const failure = readFailure(thrown, careless);
      const crossed = failureFromWire(structuredClone(failureToWire(failure)));
      expect(JSON.parse(JSON.stringify(crossed))).toEqual(JSON.parse(JSON.stringify({ bare: false, ...failure })));
    }
  }
});

test('an error keeps its class, fields and causes on the way to a child', () => {
  const reason = new TaskRevokedError('id', 'a mistake', 'somebody');
  const got = fromWire(structuredClone(toWire(reason)));
  expect(got).toBeInstanceOf(TaskRevokedError);
  expect(got).toMatchObject({
    actor: 'somebody',
    reason: 'a mistake',
    taskId: 'id',
    code: 'task_revoked',
    name: 'TaskRevokedError',
  });
  expect(fromWire(toWire(new SoftTimeLimitExceeded(5)))).toBeInstanceOf(SoftTimeLimitExceeded);
  const outer = new Error('outer', { cause: Object.assign(new TypeError('inner'), { code: 'E' }) });
  expect(fromWire(toWire(outer)).cause).toMatchObject({ name: 'TypeError', message: 'inner', code: 'E' });
});

test('what is wired from anything can be cloned, and gives an error', () => {
  fc.assert(
    fc.property(anything, (thrown) => {
      expect(fromWire(structuredClone(toWire(thrown)))).toBeInstanceOf(Error);
    }),
  );
  const poisoned = JSON.parse('{"message":"x","fields":{"__proto__":{"polluted":1},"name":"y","stack":5}}') as unknown;
  const error = fromWire(poisoned);
  expect([error.message, error.name, (error as { polluted?: unknown }).polluted]).toEqual(['x', 'Error', undefined]);
});

test('an answer of the contract is told from that of another', () => {
  const other = defineTask({
    name: 'test.other',
    input: z.strictObject({}),
    output: z.null(),
    errors: { Refused: z.object({}) },
  });
  const isAnswer = (thrown: unknown) => readFailure(thrown, careless).isAnswer;
  expect(isAnswer(careless.error('Refused', { reason: 'no' }))).toBe(true);
  expect(isAnswer(other.error('Refused', {}))).toBe(false);
});
