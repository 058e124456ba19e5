import fc from 'fast-check';
import { isTerminal, TASK_STATES, type TaskErrorDocument, type TaskState } from '@lovage/task';
import { decodeResult, encodeResult } from './result.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const json = (body: Buffer) => JSON.parse(body.toString()) as Record<string, unknown>;
const fromPython = (meta: object) => decodeResult(Buffer.from(JSON.stringify(meta)));

describe('encodeResult', () => {
  it("is Celery's rpc message, with our state beside it", () => {
    const expected = { task_id: ID, status: 'SUCCESS', result: 3, traceback: null, children: [] };
    expect(json(encodeResult({ taskId: ID, status: 'SUCCESS', result: 3 }))).toEqual(expected);
    expect(json(encodeResult({ taskId: ID, state: 'SUCCESS', resultJson: '3' }))).toEqual({
      ...expected,
      lovage: { state: 'SUCCESS' },
    });
  });

  it('tells a declared error with its data, to Python as a second argument', () => {
    const error = { type: 'DivisionByZero', message: 'no', data: { x: 1 }, stack: 'at …' };
    expect(json(encodeResult({ taskId: ID, state: 'FAILURE', error }))).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'DivisionByZero', exc_message: ['no', { x: 1 }], exc_module: 'lovage' },
      traceback: 'at …',
      lovage: { state: 'FAILURE', error },
    });
  });

  it.each([
    ['TypeError', 'TypeError', 'builtins'],
    ['RangeError', 'ValueError', 'builtins'],
    ['KeyError', 'KeyError', 'builtins'],
    ['NotRegistered', 'NotRegistered', 'celery.exceptions'],
    ['MaxRetriesExceeded', 'MaxRetriesExceededError', 'celery.exceptions'],
    ['InputInvalidError', 'TypeError', 'builtins'],
    ['TimeLimitExceeded', 'TimeLimitExceeded', 'billiard.exceptions'],
    ['SoftTimeLimitExceeded', 'SoftTimeLimitExceeded', 'billiard.exceptions'],
    ['Error', 'Error', 'lovage'],
    ['print', 'print', 'lovage'],
  ])('%s goes out as %s of %s', (type, excType, module) => {
    expect(json(encodeResult({ taskId: ID, state: 'FAILURE', error: { type, message: 'm' } }))['result']).toEqual({
      ...{ exc_type: excType, exc_message: ['m'], exc_module: module },
    });
  });

  it.each([
    ['EXPIRED', 'REVOKED', 'expired'],
    ['REVOKED', 'REVOKED', 'revoked'],
  ] as const)('%s is %s of TaskRevokedError("%s")', (state, status, reason) => {
    expect(json(encodeResult({ taskId: ID, state }))).toMatchObject({
      status,
      result: { exc_type: 'TaskRevokedError', exc_message: [reason], exc_module: 'celery.exceptions' },
      lovage: { state },
    });
  });

  it('never sends a failure without an exception: Celery could not raise it', () => {
    for (const given of [{ result: null }, { resultJson: 'null' }, {}])
      expect(json(encodeResult({ taskId: ID, status: 'FAILURE', ...given }))['result']).toHaveProperty('exc_type');
  });

  it('tells Python of the causes in the traceback', () => {
    const cause = { type: 'Error', message: 'refused', code: 'ECONNREFUSED', stack: 'Error: refused\n    at socket' };
    const error = { type: 'TypeError', message: 'fetch failed', stack: 'TypeError: fetch failed\n    at task', cause };
    const sent = json(encodeResult({ taskId: ID, state: 'FAILURE', error }));
    expect(sent['traceback']).toBe(
      'TypeError: fetch failed\n    at task\ncaused by: Error [ECONNREFUSED]: refused\n    at socket',
    );
    expect(decodeResult(Buffer.from(JSON.stringify(sent)))!.error).toEqual(error);
  });

  it('keeps an exception that is given', () => {
    const result = { exc_type: 'ChordError', exc_message: ['x'], exc_module: 'celery.exceptions' };
    expect(json(encodeResult({ taskId: ID, status: 'FAILURE', result }))['result']).toEqual(result);
  });

  it('refuses a result without a state', () => {
    expect(() => encodeResult({ taskId: ID })).toThrow(TypeError);
  });
});

describe('decodeResult', () => {
  const harmless = fc.jsonValue().filter((value) => !/__proto__|constructor/.test(JSON.stringify(value)));
  const errors: fc.Arbitrary<TaskErrorDocument> = fc.record(
    {
      ...{ type: fc.string({ minLength: 1 }), message: fc.string(), data: harmless, stack: fc.string() },
      code: fc.oneof(fc.string({ minLength: 1 }), fc.integer()),
      cause: fc.record({ type: fc.string({ minLength: 1 }), message: fc.string() }),
    },
    { requiredKeys: ['type', 'message'] },
  );
  it('returns state, result and declared error of what we sent', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TASK_STATES), harmless, errors, (state: TaskState, result, error) => {
        const failed = (isTerminal(state) && state !== 'SUCCESS') || state === 'RETRY';
        const sent = failed ? { taskId: ID, state, error } : { taskId: ID, state, result };
        const got = decodeResult(encodeResult(sent));
        expect(got).toMatchObject({ taskId: ID, state });
        if (failed) expect(got!.error).toEqual(JSON.parse(JSON.stringify(error)));
        else expect(got!.result).toEqual(JSON.parse(JSON.stringify(result)));
      }),
    );
  });

  it('leaves out what could change a prototype, and still gives the result', () => {
    const text =
      '{"task_id":"a","status":"SUCCESS","result":{"a":1,"__proto__":{"x":1},"constructor":{"prototype":1}}}';
    expect(decodeResult(Buffer.from(text))?.result).toEqual({ a: 1 });
  });

  it('leaves an object of ours alone that looks like a typed value of kombu', () => {
    const result = { __type__: 'made-up', __value__: 1 };
    expect(decodeResult(encodeResult({ taskId: ID, state: 'SUCCESS', result }))?.result).toEqual(result);
  });

  it('reads what a Python worker sends', () => {
    const meta = { task_id: ID, status: 'SUCCESS', result: 3, traceback: null, children: [] };
    expect(fromPython(meta)).toEqual({
      ...{
        taskId: ID,
        status: 'SUCCESS',
        state: 'SUCCESS',
        result: 3,
        traceback: null,
        error: undefined,
        children: [],
      },
    });
    expect(fromPython({ ...meta, status: 'PROGRESS', result: { current: 1, total: 2 } })).toMatchObject({
      state: 'PROGRESS',
      result: { current: 1, total: 2 },
    });
    expect(fromPython({ ...meta, result: { __type__: 'decimal', __value__: '1.5' } })?.result).toBe('1.5');
  });

  it.each([
    [{ exc_type: 'KeyError', exc_message: ['k'], exc_module: 'builtins' }, 'KeyError', 'k'],
    [{ exc_type: 'AppError', exc_message: ['k', 42], exc_module: 'worker_app' }, 'AppError', 'k, 42'],
    [{ exc_type: 'Odd', exc_message: 'a text' }, 'Odd', 'a text'],
    [null, 'Exception', ''],
    ['odd', 'Exception', ''],
  ])('reads the failure %j', (result, type, message) => {
    const got = fromPython({ task_id: ID, status: 'FAILURE', result, traceback: 'Traceback …', children: [] });
    expect(got).toMatchObject({ state: 'FAILURE', result: null, error: { type, message, stack: 'Traceback …' } });
  });

  it.each([
    '',
    'null',
    '[]',
    '3',
    '{}',
    '{"task_id":1,"status":"SUCCESS"}',
    '{"task_id":"a"}',
    '{"task_id":"a","status":""}',
    '{"task_id":"a","status":"SUCCESS","result":NaN}',
    `{"task_id":"a","status":"SUCCESS","result":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ])('%.60s is no result', (text) => expect(decodeResult(Buffer.from(text))).toBeUndefined());

  it('never throws, whatever the bytes', () => {
    const near = fc.record(
      { task_id: fc.jsonValue(), status: fc.oneof(fc.jsonValue(), fc.constantFrom('FAILURE', 'SUCCESS')) },
      { requiredKeys: [] },
    );
    const more = fc.record(
      { result: fc.jsonValue(), lovage: fc.jsonValue(), traceback: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.tuple(near, more)), (given) => {
        const bytes = Array.isArray(given)
          ? Buffer.from(JSON.stringify({ ...given[0], ...given[1] }))
          : Buffer.from(given);
        const got = decodeResult(bytes);
        expect(got === undefined || typeof got.taskId === 'string').toBe(true);
      }),
    );
  });
});
