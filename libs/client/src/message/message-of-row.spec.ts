import fc from 'fast-check';
import { newId, TaskRoutes } from '@lovage/foundation';
import type { TaskRow } from '@lovage/ports';
import { prepare, prepareForeign, type PreparedTask } from '../submit/prepare.ts';
import { encodeMessage } from './encode-message.ts';
import { messageOfRow } from './message-of-row.ts';
import { plainEcho } from '../testing/fixture.ts';

/** The row as it is read back: JSON columns parsed. */
function asRead({ row }: PreparedTask, generation: number, retries: number): TaskRow {
  const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
  return {
    ...row,
    input: parsed(row.input),
    message: parsed(row.message),
    extra: parsed(row.extra ?? null) as TaskRow['extra'],
    state: 'QUEUED',
    generation,
    retries,
    suspected: 0,
    crashes: 0,
    result: null,
    error: null,
    progress: null,
    worker: null,
    cancelAt: null,
    cancelActor: null,
    cancelReason: null,
    createdAt: 0,
    startedAt: null,
    finishedAt: null,
  };
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const uuid = optional(fc.constant(null).map(newId));
const options = fc
  .record(
    {
      queue: optional(fc.constantFrom('default', 'other')),
      priority: optional(fc.integer({ min: 0, max: 9 })),
      expires: optional(fc.integer({ min: 1, max: 1e6 })),
      timeLimit: optional(fc.integer({ min: 10, max: 100 })),
      softTimeLimit: optional(fc.integer({ min: 1, max: 9 })),
      retry: optional(
        fc.constantFrom({ maxAttempts: 5 }, { on: ['Slow'], errors: { Slow: { delay: '1m' }, Fatal: false } }),
      ),
      userId: uuid,
      parentId: uuid,
      rootId: uuid,
      retriedFrom: uuid,
      tags: optional(fc.constantFrom([], ['a'], ['b', 'tenant:acme', 'b'])),
      scheduledFor: optional(fc.constant(new Date(Date.UTC(2026, 0, 1)))),
    },
    { requiredKeys: [] },
  )
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
// What JSON carries unchanged: -0 comes back as 0.
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const safe = json.filter((value) => !JSON.stringify(value).includes('__proto__'));
const broker = { deadLetterQueue: 'dead' };
const sending = { now: Date.UTC(2026, 0, 1), replyTo: 'inbox-1', routes: TaskRoutes.none };

describe('the message of a row', () => {
  test('is the one that was submitted, of the row’s generation and retries, saying that the row is there', () => {
    fc.assert(
      fc.property(safe, options, fc.nat(9), fc.nat(9), (value, given, generation, retries) => {
        const task = prepare(plainEcho, { value }, given, sending);
        const expected = encodeMessage(task.row, task.stored, {
          generation,
          retries,
          hasRow: true,
          foreignResults: 'unused',
        });
        expect(messageOfRow(asRead(task, generation, retries), broker)).toEqual(expected);
        expect(expected.headers).toMatchObject({ 'x-lovage-turn': generation, retries, 'x-lovage-row': 1, eta: null });
        expect(expected.replyTo).toBe('inbox-1');
        expect(expected.priority).toBe(given.priority);
      }),
    );
  });

  test('of a foreign task too', () => {
    const args = fc.array(safe, { maxLength: 3 });
    const kwargs = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), safe, { maxKeys: 3 });
    fc.assert(
      fc.property(args, kwargs, (args, kwargs) => {
        const task = prepareForeign({ name: 'interop.add', args, kwargs }, { queue: 'celery' }, sending);
        const expected = encodeMessage(task.row, task.stored, {
          generation: 0,
          retries: 0,
          hasRow: true,
          foreignResults: 'dead.foreign-results',
        });
        expect(messageOfRow(asRead(task, 0, 0), broker)).toEqual(expected);
        expect(JSON.parse(expected.body.toString())).toMatchObject([args, kwargs, {}]);
      }),
    );
  });

  test('a Celery caller’s own id and headers go on the wire again', () => {
    const row: TaskRow = {
      ...asRead(prepare(plainEcho, { value: 1 }, undefined, sending), 2, 1),
      wireId: 'my task',
      message: {
        replyTo: 'r',
        correlationId: 'c',
        headers: { 'x-trace': 'abc' },
        group: 'g',
        groupIndex: 3,
        shadow: 's',
      },
    };
    expect(messageOfRow(row, broker)).toMatchObject({
      correlationId: 'c',
      replyTo: 'r',
      headers: { id: 'my task', 'x-trace': 'abc', group: 'g', group_index: 3, shadow: 's', 'x-lovage-turn': 2 },
    });
  });
});
