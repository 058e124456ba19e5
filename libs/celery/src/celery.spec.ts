import { beforeAll, expect, it } from '@jest/globals';
import { decodeTask } from './decode-task.ts';
import { encodeTask } from './encode-task.ts';
import { inputOf } from './input.ts';
import { decodeResult, encodeResult } from './result.ts';
import type { IncomingTask, OutgoingTask } from './task-message.ts';
import { describeWithCelery } from '@lovage/testing';
import { askCelery, type CeleryPeer } from './testing/celery-peer.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const WHEN = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

const task = (over: Partial<OutgoingTask>): OutgoingTask => ({
  ...{ id: ID, name: 'peer.seen', inputJson: '{"x":1,"y":"Liebstöckel 🌿"}', rootId: null, parentId: null },
  ...{ retries: 0, generation: 0, hasRow: false },
  ...over,
});
const next = { task: 'peer.add', args: [1], kwargs: {}, options: {}, subtask_type: null, immutable: false };

const SENT = {
  plain: task({ replyTo: 'inbox', newTask: { userId: ID }, generation: 2, hasRow: true }),
  full: task({
    ...{ eta: WHEN, expiresAt: WHEN, timeLimit: [30, 20], retries: 2, rootId: 'root', parentId: 'parent' },
    ...{ group: 'g', shadow: 'pretty', ignoreResult: true },
  }),
  foreign: task({ inputJson: null, args: [2], kwargs: { y: 3 }, name: 'peer.add' }),
  wrong: task({ inputJson: null, args: [1, 2, 3], name: 'peer.add' }),
};
const RESULTS = {
  ok: encodeResult({ taskId: ID, state: 'SUCCESS', result: { a: [1, null, 'ä'] } }),
  declared: encodeResult({
    ...{ taskId: ID, state: 'FAILURE' },
    error: { type: 'DivisionByZero', message: 'by zero', data: { x: 1 }, stack: 'at …' },
  }),
  builtin: encodeResult({ taskId: ID, state: 'FAILURE', error: { type: 'RangeError', message: 'too much' } }),
  trap: encodeResult({ taskId: ID, state: 'FAILURE', error: { type: 'print', message: 'm' } }),
  limit: encodeResult({ taskId: ID, state: 'FAILURE', error: { type: 'TimeLimitExceeded', message: 'm' } }),
  expired: encodeResult({ taskId: ID, state: 'EXPIRED' }),
  dead: encodeResult({ taskId: ID, state: 'DEAD', error: { type: 'WorkerLostError', message: 'SIGKILL' } }),
  progress: encodeResult({ taskId: ID, state: 'PROGRESS', result: { percent: 10 } }),
};

describeWithCelery('against a real Celery', () => {
  let peer: CeleryPeer;
  const ran = (name: keyof typeof SENT) => peer.ran[Object.keys(SENT).indexOf(name)]!;
  const read = (name: keyof typeof RESULTS) => peer.read[Object.keys(RESULTS).indexOf(name)]!;
  const received = (name: string): IncomingTask => {
    const decoded = decodeTask(peer.messages[name]!);
    if (!decoded.ok) throw new Error(`${name}: ${decoded.code}: ${decoded.reason}`);
    return decoded.task;
  };

  beforeAll(() => {
    peer = askCelery(Object.values(SENT).map(encodeTask), Object.values(RESULTS));
  });

  it('a Celery worker runs our message, with our input as keyword arguments', () => {
    expect(ran('plain')).toMatchObject({
      ...{ name: 'peer.seen', eta: null, expires: null, time_limits: [null, null], ignore_result: false },
      returned: {
        ...{
          args: [],
          kwargs: { x: 1, y: 'Liebstöckel 🌿' },
          id: ID,
          correlation_id: ID,
          reply_to: 'inbox',
          retries: 0,
        },
        ...{ callbacks: null, chain: null, root_id: null, parent_id: null },
      },
    });
  });

  it('a Celery worker understands every option', () => {
    expect(ran('full')).toMatchObject({
      ...{ eta: '2030-01-02T03:04:05.678000+00:00', expires: '2030-01-02T03:04:05.678000+00:00' },
      ...{ time_limits: [30, 20], ignore_result: true },
      returned: { retries: 2, root_id: 'root', parent_id: 'parent', group: 'g', shadow: 'pretty', timelimit: [30, 20] },
    });
  });

  it('a Celery worker binds foreign arguments, and refuses too many', () => {
    expect(ran('foreign').returned).toBe(5);
    expect(ran('wrong').returned).toMatchObject({ type: 'TypeError' });
  });

  it('a Celery client reads our results', () => {
    expect(read('ok')).toMatchObject({ id: ID, status: 'SUCCESS', result: { a: [1, null, 'ä'] }, error: null });
    expect(read('progress')).toMatchObject({ status: 'PROGRESS', result: { percent: 10 } });
  });

  it('a Celery client gets our failures as exceptions it can raise', () => {
    expect(read('declared')).toMatchObject({
      error: { module: 'celery.exceptions', type: 'DivisionByZero', args: ['by zero', { x: 1 }] },
      traceback: 'at …',
    });
    expect(read('builtin').error).toEqual({ module: 'builtins', type: 'ValueError', args: ['too much'] });
    expect(read('trap').error).toMatchObject({ module: 'celery.exceptions', type: 'print' });
    expect(read('limit').error).toMatchObject({ module: 'billiard.exceptions', type: 'TimeLimitExceeded' });
    expect(read('dead')).toMatchObject({ status: 'FAILURE', error: { type: 'WorkerLostError' } });
    expect(read('expired')).toMatchObject({
      status: 'REVOKED',
      error: { type: 'TaskRevokedError', args: ['expired'] },
    });
  });

  it("we read a Celery producer's messages", () => {
    expect(received('plain')).toMatchObject({
      id: 'id-1',
      name: 'peer.add',
      args: [2, 3],
      replyTo: 'inbox',
      generation: -1,
    });
    expect(received('full')).toMatchObject({
      ...{ args: [2], kwargs: { y: 3 }, eta: WHEN, expiresAt: WHEN, timeLimit: [30, 20], retries: 2 },
      ...{ rootId: 'root', parentId: 'parent', shadow: 'pretty', group: 'g' },
    });
    expect(inputOf(received('full'), ['x', 'y'])).toEqual({ x: 2, y: 3 });
    expect(received('compressed').args).toEqual(['x'.repeat(5000)]);
    expect(received('unicode').args).toEqual(['Liebstöckel 🌿', '\0']);
    expect(received('version1')).toMatchObject({
      id: 'id-8',
      args: [2, 3],
      eta: WHEN,
      retries: 1,
      timeLimit: [5, null],
    });
  });

  it('we read its typed values as plain texts', () => {
    const { u, d, t, dt } = received('typed').kwargs;
    expect({ u, d, dt }).toEqual({
      u: '00000000-0000-0000-0000-00000000000a',
      d: '1.5',
      dt: expect.stringMatching(/^2030-01-02/),
    });
    expect(Math.trunc(Date.parse(t as string))).toBe(WHEN);
  });

  it('we read its canvas', () => {
    expect(received('canvas').embed).toMatchObject({
      callbacks: [{ ...next, args: [10] }],
      chain: [{ ...next, args: [3] }],
      chord: { task: 'peer.add' },
    });
  });

  it('we refuse its NaN by name', () => {
    expect(decodeTask(peer.messages['nan']!)).toMatchObject({ ok: false, code: 'body_number_not_finite', id: 'id-7' });
  });

  it('we read its results', () => {
    expect(decodeResult(peer.results['ok']!)).toMatchObject({ state: 'SUCCESS', result: { a: [1, null] } });
    expect(decodeResult(peer.results['meta']!)).toMatchObject({ state: 'PROGRESS', result: { current: 1 } });
    expect(decodeResult(peer.results['boom']!)).toMatchObject({
      ...{ state: 'FAILURE', traceback: 'Traceback', error: { type: 'ValueError', message: 'no, 7' } },
    });
    expect(decodeResult(peer.results['again']!)).toMatchObject({
      state: 'RETRY',
      error: { type: 'KeyError', message: 'k' },
    });
  });
});
