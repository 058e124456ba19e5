import { EventEmitter, getEventListeners } from 'node:events';
import { z } from 'zod';
import { newId, Signal } from '@lovage/foundation';
import {
  ContractRegistry,
  defineTask,
  type ChildOptions,
  type SubmitManyError,
  type TaskErrorDocument,
} from '@lovage/task';
import { eventually, MemoryBroker, RecordingLog, TestClock } from '@lovage/testing';
import { LovageClient } from './client.ts';
import type { TaskHandle } from './handle.ts';
import { submitChildWith } from './submit/submit-child.ts';
import { ClientFixture, plainEcho, unrecordedEcho, type Received } from './testing/fixture.ts';

/** Answers each task at once: `value` says how. */
function answering({ task, reply }: Received): void {
  const { value } = task.kwargs as {
    value: { fail?: TaskErrorDocument; state?: 'REVOKED' | 'EXPIRED' | 'DEAD'; result?: unknown };
  };
  if (value.state) reply({ state: value.state, error: value.fail });
  else if (value.fail) reply({ state: 'FAILURE', error: value.fail });
  else reply({ state: 'SUCCESS', result: value.result });
}

describe('call', () => {
  test('gives what the handler returned, by the reply alone', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(answering);
    const lovage = fixture.client();
    const math = lovage.client({ echo: plainEcho, unrecorded: unrecordedEcho });
    expect(await math.echo({ value: { result: 7 } })).toBe(7);
    expect(await math.unrecorded({ value: { result: [null] } })).toEqual([null]);
    expect(await lovage.call(plainEcho, { value: { result: 'x' } }, { timeout: '10s', userId: undefined })).toBe('x');
    const values = await Promise.all(Array.from({ length: 300 }, (_, result) => math.echo({ value: { result } })));
    expect(values).toEqual(Array.from({ length: 300 }, (_, result) => result));
  });

  test('throws the error that the contract declares, typed, and any other as TaskFailedError', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(answering);
    const { echo } = fixture.client().client({ echo: plainEcho });
    const refused = { type: 'Refused', message: 'no', data: { reason: 'full' } };
    await expect(echo({ value: { fail: refused } })).rejects.toMatchObject({
      code: 'declared_error',
      type: 'Refused',
      data: { reason: 'full' },
      message: 'no',
    });
    for (const fail of [
      { type: 'Refused', message: 'of another version', data: { because: 1 } },
      { type: 'TypeError', message: 'x is not a function' },
      { type: 'constructor', message: 'a name of Object.prototype' },
    ])
      await expect(echo({ value: { fail } })).rejects.toMatchObject({ code: 'task_failed', document: fail });
    await expect(echo({ value: { state: 'REVOKED' } })).rejects.toMatchObject({ code: 'task_revoked' });
    await expect(echo({ value: { state: 'EXPIRED' } })).rejects.toMatchObject({ code: 'task_expired' });
    const dead = { type: 'WorkerLost', message: 'killed' };
    await expect(echo({ value: { state: 'DEAD', fail: dead } })).rejects.toMatchObject({
      code: 'task_failed',
      state: 'DEAD',
    });
  });

  test('safe gives errors instead of throwing them', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(({ task, reply }) =>
      task.kwargs['value'] === 'never' ? undefined : answering({ task, reply }),
    );
    const { echo } = fixture.client().client({ echo: plainEcho });
    expect(await echo.safe({ value: { result: 1 } })).toEqual({ ok: true, value: 1 });
    const codeOf = async (input: { value: unknown }, options?: object) => {
      const result = await echo.safe(input, options);
      return result.ok ? 'ok' : result.error.code;
    };
    expect(await codeOf({ value: { fail: { type: 'Refused', message: '', data: { reason: '' } } } })).toBe(
      'declared_error',
    );
    expect(await codeOf({ value: 'never' }, { timeout: '30ms' })).toBe('result_timeout');
    expect(await codeOf({ valu: 1 } as never)).toBe('input_invalid');
    expect(await codeOf({ value: 1 }, { timeout: 'soon' })).toBe('submit_options_invalid');
    expect(await codeOf({ value: 1 }, { queue: 'nowhere' })).toBe('unroutable');
    const signal = AbortSignal.abort(new Error('not needed'));
    await expect(echo.safe({ value: 1 }, { signal })).rejects.toThrow('not needed');
  });

  test('an abort ends the wait, and its signal keeps no listener of ours', async () => {
    await using fixture = await ClientFixture.open();
    const came = new Signal<Received>();
    await fixture.serve((received) => came.emit(received));
    const { echo } = fixture.client().client({ echo: plainEcho });
    const controller = new AbortController();
    const next = came.next();
    const call = echo({ value: 1 }, { signal: controller.signal });
    await next;
    controller.abort(new Error('gone home'));
    await expect(call).rejects.toThrow('gone home');
    const other = new AbortController();
    came.on(({ reply }) => reply({ state: 'SUCCESS', result: 1 }));
    await echo({ value: 1 }, { signal: other.signal });
    expect(getEventListeners(other.signal as never as EventEmitter, 'abort')).toEqual([]);
  });

  test('a reply that never comes is made up for by the row', async () => {
    await using fixture = await ClientFixture.open();
    const came = new Signal<Received>();
    await fixture.serve((received) => came.emit(received));
    const { echo } = fixture.client().client({ echo: plainEcho });
    const next = came.next();
    const call = echo({ value: 1 });
    const { task } = await next;
    await eventually(async () => (await fixture.store.tasks.get(task.id)) !== undefined);
    await fixture.end(task.id, 'SUCCESS', { result: 'from the row' });
    expect(await call).toBe('from the row');
  });

  test('with the broker away the task is accepted, and its result comes from the row', async () => {
    await using fixture = await ClientFixture.open();
    const lovage = fixture.client();
    fixture.broker.cut();
    const call = lovage.call(plainEcho, { value: 1 });
    const id = await eventually(async () => (await fixture.outbox())[0]?.task_id);
    await fixture.end(id, 'SUCCESS', { result: 2 });
    expect(await call).toBe(2);
  });

  test('with a key that was used, it waits for the earlier task', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(() => undefined);
    const lovage = fixture.client();
    const first = await lovage.submit(plainEcho, { value: 1 }, { idempotencyKey: 'k' });
    const call = lovage.call(plainEcho, { value: 1 }, { idempotencyKey: 'k' });
    await fixture.end(first.id, 'SUCCESS', { result: 'the earlier one’s' });
    expect(await call).toBe('the earlier one’s');
    expect(fixture.received.length).toBeLessThanOrEqual(1);
  });
});

describe('a handle', () => {
  test('gives the result when asked before, and after, the task has ended', async () => {
    await using fixture = await ClientFixture.open();
    const came = new Signal<Received>();
    await fixture.serve((received) => came.emit(received));
    const lovage = fixture.client();
    const next = came.next();
    const handle = await lovage.delay(plainEcho, { value: 1 });
    const result = handle.get();
    (await next).reply({ state: 'SUCCESS', result: 5 });
    expect(await result).toBe(5);
    await fixture.end(handle.id, 'SUCCESS', { result: 5 });
    expect(await handle.result({ timeout: '2s' })).toBe(5);
    expect(await lovage.handle(handle.id.toUpperCase(), plainEcho).result()).toBe(5);
    expect(await handle.settled({ timeoutMs: 30_000 })).toMatchObject({ id: handle.id, state: 'SUCCESS', result: 5 });
    expect(await handle.outcome({ timeoutMs: 30_000 })).toEqual({ state: 'SUCCESS', result: 5, error: null });
  });

  test('settled and outcome tell of a failure without throwing, and give up in time', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(() => undefined);
    const handle = await fixture.client().submit(plainEcho, { value: 1 });
    expect(await handle.settled({ timeoutMs: 20 })).toBeUndefined();
    expect(await handle.outcome({ timeoutMs: 20 })).toBeUndefined();
    await expect(handle.result({ timeout: '20ms' })).rejects.toMatchObject({ code: 'result_timeout' });
    const error = { type: 'Refused', message: 'm', data: { reason: 'w' } };
    await fixture.end(handle.id, 'FAILURE', { error });
    expect((await handle.settled({ timeoutMs: 30_000 }))?.error).toEqual(error);
    expect(await handle.outcome({ timeoutMs: 30_000 })).toMatchObject({ state: 'FAILURE', error });
    await expect(handle.result()).rejects.toMatchObject({ code: 'declared_error', data: { reason: 'w' } });
  });

  test('of an id from elsewhere finds the contract by the row; of an unknown id says so', async () => {
    await using fixture = await ClientFixture.open();
    const lovage = fixture.client();
    const { id } = await lovage.submit(plainEcho, { value: 1 });
    const elsewhere = fixture.client().handle(id);
    expect(await elsewhere.state()).toBe('QUEUED');
    await fixture.end(id, 'FAILURE', { error: { type: 'Refused', message: 'm', data: { reason: 'w' } } });
    await expect(elsewhere.result()).rejects.toMatchObject({ code: 'declared_error', type: 'Refused' });
    const unknown = lovage.handle('no such task');
    for (const question of [
      () => unknown.state(),
      () => unknown.result(),
      () => unknown.progress()[Symbol.asyncIterator]().next(),
    ])
      await expect(question()).rejects.toMatchObject({ code: 'task_unknown' });
    expect(await unknown.settled({ timeoutMs: 1000 })).toBeUndefined();
    expect(await unknown.revoke()).toEqual({ kind: 'unknown' });
  });

  test('reports progress as it comes', async () => {
    await using fixture = await ClientFixture.open();
    const came = new Signal<Received>();
    await fixture.serve((received) => came.emit(received));
    const next = came.next();
    const handle = await fixture.client().submit(plainEcho, { value: 1 });
    const { reply } = await next;
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { percent } of handle.progress()) {
        seen.push(percent);
        if (percent < 100) reply({ state: 'PROGRESS', result: { percent: percent + 50 } });
        else reply({ state: 'SUCCESS', result: 1 });
      }
    })();
    reply({ state: 'PROGRESS', result: { percent: 0 } });
    await loop;
    expect(seen).toEqual([0, 50, 100]);
  });

  test('revokes what waits, and callers that wait for it know at once', async () => {
    await using fixture = await ClientFixture.open();
    const lovage = fixture.client();
    const handle = await lovage.submit(plainEcho, { value: 1 }, { delay: '1h' });
    const result = handle.result();
    const refused = expect(result).rejects.toMatchObject({ code: 'task_revoked', reason: 'changed my mind' });
    expect(await handle.revoke({ actor: 'me', reason: 'changed my mind' })).toEqual({ kind: 'revoked' });
    await refused;
    expect(await handle.revoke()).toMatchObject({ kind: 'terminal', state: 'REVOKED' });
  });
});

describe('many submits', () => {
  test('of a generator no more are taken in than are under way; each stands for itself', async () => {
    await using fixture = await ClientFixture.open();
    const { echo } = fixture.client().client({ echo: plainEcho });
    function* inputs() {
      for (let n = 0; n < 3000; n += 1) yield n === 7 ? ({ wrong: n } as never) : { value: n };
    }
    const many = echo.submitMany(inputs(), (_, n) => ({
      awaitReply: false,
      // Some share a key, with other input; some are unique; one has an option that nobody knows.
      ...(n % 1000 === 0 && { idempotencyKey: 'shared' }),
      ...(n % 2 === 1 && { unique: true }),
      ...(n === 9 && ({ dely: 1 } as object)),
    }));
    const error = await many.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'submit_many_failed', failed: 4 });
    const { outcomes, message } = error as SubmitManyError<TaskHandle>;
    const codes = new Map(
      outcomes.flatMap((one, n) => (one.ok ? [] : [[n, (one.error as { code: string }).code] as const])),
    );
    const [first] = outcomes.flatMap((one) => (one.ok ? [] : [one.error as Error]));
    expect(message).toBe(`4 of 3000 tasks were not submitted; the first of them: ${first!.message}`);
    expect(codes.get(7)).toBe('input_invalid');
    expect(codes.get(9)).toBe('submit_options_invalid');
    // Those under way together race for the key: one of the three has it.
    const reused = [0, 1000, 2000].map((n) => codes.get(n)).filter((code) => code === 'idempotency_key_reused');
    expect(reused).toHaveLength(2);
    expect(await fixture.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 2996 }]);
    const handles = await echo.submitMany([{ value: 1 }, { value: 'new' }], { unique: true });
    expect(handles.map(({ fresh, earlier }) => [fresh, earlier])).toEqual([
      [false, 'unique'],
      [true, undefined],
    ]);
  });

  test('four thousand children at once, each with a key, wait for their batches and none fails', async () => {
    await using fixture = await ClientFixture.open();
    const submit = submitChildWith(fixture.client());
    const id = newId();
    const parent = { id, rootId: id, userId: null };
    const fanOut = () =>
      Promise.all(Array.from({ length: 4000 }, (_, n) => submit(plainEcho, { value: n }, parent, { key: String(n) })));
    // Claims and records have their own connections meanwhile.
    const [children, row] = await Promise.all([fanOut(), fixture.store.tasks.get(id)]);
    expect(row).toBeUndefined();
    expect(children.every(({ fresh }) => fresh)).toBe(true);
    const again = await fanOut();
    expect(again.map((child) => [child.id, child.fresh])).toEqual(children.map((child) => [child.id, false]));
    expect(await fixture.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 4000 }]);
  });

  test('a child has what is its parent’s from it, any other option of a submit from the handler', async () => {
    await using fixture = await ClientFixture.open();
    const submit = submitChildWith(fixture.client());
    const [id, rootId, userId] = [newId(), newId(), newId()];
    const parent = { id, rootId, userId };
    const child = await submit(plainEcho, { value: 1 }, parent, { delay: '1h', priority: 7, unique: true, key: 'a' });
    expect(child).toMatchObject({ fresh: true, earlier: undefined });
    expect(await fixture.store.tasks.get(child.id)).toMatchObject({
      ...{ parentId: id, rootId, userId, priority: 7, state: 'SCHEDULED' },
    });
    const again = await submit(plainEcho, { value: 1 }, parent, { delay: '1h', priority: 7, unique: true, key: 'a' });
    expect(again).toEqual({ id: child.id, fresh: false, earlier: 'idempotencyKey' });
    const same = await submit(plainEcho, { value: 1 }, parent, { unique: true, key: 'b' });
    expect(same).toEqual({ id: child.id, fresh: false, earlier: 'unique' });
    for (const [options, option] of [
      [{ key: 'a', idempotencyKey: 'b' }, 'key'],
      [{ key: '' }, 'key'],
      [{ key: 1 }, 'key'],
      [{ parentId: newId() }, 'parentId'],
      [{ userId: newId() }, 'userId'],
      [{ queue: 'a b' }, 'queue'],
      [{ dely: 1 }, 'dely'],
    ] as const)
      await expect(submit(plainEcho, { value: 1 }, parent, options as ChildOptions)).rejects.toMatchObject({
        ...{ code: 'submit_options_invalid', option },
      });
  });
});

describe('the client as a service', () => {
  test('stop rejects all who wait, and takes nothing more', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.serve(() => undefined);
    const lovage = fixture.client();
    await lovage.start();
    const call = lovage.call(plainEcho, { value: 1 });
    await eventually(() => fixture.received.length === 1);
    const stopped = expect(call).rejects.toMatchObject({ code: 'client_stopped' });
    await Promise.all([lovage.stop(), lovage.stop()]);
    await stopped;
    for (const late of [
      () => lovage.start(),
      () => lovage.submit(plainEcho, { value: 1 }),
      () => lovage.call(plainEcho, { value: 1 }),
    ])
      await expect(late()).rejects.toMatchObject({ code: 'client_stopped' });
    await expect(lovage.handle('x').result()).rejects.toMatchObject({ code: 'client_stopped' });
  });

  test('a call that races with stop: never unhandled, and the truth about what was sent', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    await using fixture = await ClientFixture.open();
    await fixture.serve(() => undefined);
    const asError = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
    try {
      // Stopped while it opens its inbox: nothing is sent.
      const early = fixture.client();
      const first = asError(early.call(plainEcho, { value: 1 }));
      const submitted = asError(early.submit(plainEcho, { value: 1 }));
      const stopped = early.stop();
      expect(await first).toMatchObject({ code: 'client_stopped', taskId: undefined });
      expect(await submitted).toMatchObject({ code: 'client_stopped', taskId: undefined });
      await stopped;
      expect(fixture.broker.sent).toEqual([]);

      // Stopped while it waits for the confirm: it was accepted, and the error tells which task.
      const late = fixture.client();
      const confirm = fixture.broker.holdConfirms();
      const second = asError(late.call(plainEcho, { value: 2 }));
      await eventually(() => fixture.broker.sent.length === 1);
      const stopping = late.stop();
      confirm();
      const error = await second;
      expect(error).toMatchObject({ code: 'client_stopped', accepted: true });
      await stopping;
      const { taskId } = error as { taskId: string };
      expect(await fixture.store.tasks.get(taskId)).toMatchObject({ state: 'QUEUED' });

      // The submit fails while the client stops: that is what the call failed of.
      const refused = fixture.client();
      const go = fixture.broker.holdConfirms();
      const third = asError(refused.call(plainEcho, { value: 3 }));
      await eventually(() => fixture.broker.sent.length === 2);
      const ending = refused.stop();
      fixture.broker.loseConfirms('gone');
      await fixture.line.refuse();
      go();
      expect(await third).toMatchObject({ code: 'confirm_lost' });
      await ending;
    } finally {
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([]);
  });

  test('a confirm that never comes does not keep the client from stopping; nobody claims to know what became of its task', async () => {
    await using fixture = await ClientFixture.open();
    const clock = new TestClock();
    const lovage = fixture.client({ clock });
    await lovage.submit(plainEcho, { value: 0 });
    const confirm = fixture.broker.holdConfirms();
    const call = lovage.call(plainEcho, { value: 1 }).catch((error: unknown) => error);
    const timed = lovage.call(plainEcho, { value: 2 }, { timeout: '1s' }).catch((error: unknown) => error);
    await eventually(() => fixture.broker.sent.length === 3);
    await clock.advance(1000);
    expect(await timed).toMatchObject({ code: 'result_timeout', accepted: false });
    const stopping = lovage.stop();
    await clock.advance(2000);
    await stopping;
    expect(await call).toMatchObject({ code: 'client_stopped', accepted: false });
    confirm();
  });

  test('without a reply inbox results are read, and not every submit tries to open one', async () => {
    await using fixture = await ClientFixture.open();
    const log = new RecordingLog();
    const lovage = fixture.client({ log });
    fixture.broker.openReplies = () => Promise.reject(new Error('no more queues'));
    const handles = [];
    for (let value = 0; value < 5; value += 1) handles.push(await lovage.submit(plainEcho, { value }));
    expect(log.entries.filter(({ level }) => level === 'warn').length).toBe(1);
    for (const { id } of handles) await fixture.end(id, 'SUCCESS', { result: id });
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(handles.map(({ id }) => id));
  });

  test('a message tells the contract’s version and limits only where they are not the plain ones', async () => {
    await using fixture = await ClientFixture.open();
    const { tasks, outbox } = fixture.store;
    const second = defineTask({ name: 'test.second', version: 2, input: z.strictObject({}), output: z.null() });
    const contracts = new ContractRegistry([second]);
    const broker = new MemoryBroker();
    await broker.start();
    const lovage = new LovageClient({ broker, tasks, outbox, contracts, log: new RecordingLog(), queues: ['extra'] });
    const { id } = await lovage.submit(second, {}, { awaitReply: false, queue: 'extra' });
    expect(await tasks.get(id)).toMatchObject({ message: null, stamp: `2:${second.fingerprint}` });
    expect((await broker.depth('extra')).ready).toBe(1);
    await lovage.stop();
  });
});
