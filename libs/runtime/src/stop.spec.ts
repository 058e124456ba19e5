import { deferred } from '@lovage/foundation';
import type { TaskLogSink } from '@lovage/ports';
import { eventually } from '@lovage/testing';
import type { TaskWorker } from './worker.ts';
import { deed } from './testing/child-tasks.ts';
import { children, echo, Fixture } from './testing/fixture.ts';

/** The store's log sink, held until `open`; `asked` resolves when lines wait at it. */
function gated(f: Fixture) {
  const [gate, asked] = [deferred(), deferred()];
  const sink = f.store.logs as { write: TaskLogSink['write'] };
  const write = sink.write.bind(sink);
  sink.write = async (lines) => {
    asked.resolve();
    await gate.promise;
    await write(lines);
  };
  return { asked: asked.promise, open: () => gate.resolve() };
}

/** Stops the worker while the ends of its tasks wait for their log lines, and lets these through only then. */
async function stopDuringLogs(f: Fixture, worker: TaskWorker, logs: ReturnType<typeof gated>): Promise<void> {
  await logs.asked;
  await eventually(() => worker.running === 0);
  const stopped = worker.stop();
  await new Promise(setImmediate);
  logs.open();
  await stopped;
  expect(await f.ready()).toBe(0);
}

describe('a stop while ends of attempts wait for earlier writes', () => {
  test.each(['full', 'final'] as const)('record %s: they are recorded, nothing is requeued', async (record) => {
    await using f = await Fixture.open();
    const logs = gated(f);
    const worker = await f.worker(echo({ record }), (_, task) => {
      task.log.info('a line');
      return 'done';
    });
    const id = await f.send(1);
    await stopDuringLogs(f, worker, logs);
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', result: 'done', generation: 0 });
  });

  test('tasks of a batch are recorded, each', async () => {
    await using f = await Fixture.open();
    const logs = gated(f);
    const worker = await f.batchWorker(echo({ batch: { size: 3, timeout: '200ms' } }), (items) => {
      for (const { task } of items) task.log.info('a line');
      return items.map((item) => item.succeeded('done'));
    });
    const ids = [await f.send(1), await f.send(2), await f.send(3)];
    await stopDuringLogs(f, worker, logs);
    for (const id of ids) expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', generation: 0 });
  });

  test.each(['thread', 'process'] as const)('what a child of the pool %s has done is recorded', async (pool) => {
    await using f = await Fixture.open();
    const logs = gated(f);
    const worker = await f.worker(deed({ pool }), () => undefined, { children: await children() });
    const id = await f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: 'log', value: null }) });
    await stopDuringLogs(f, worker, logs);
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', generation: 0 });
  });

  test('a result whose claim has vanished is claimed anew and recorded', async () => {
    await using f = await Fixture.open();
    const [running, goOn, asked, open] = [deferred(), deferred(), deferred(), deferred()];
    const worker = await f.worker(echo(), async () => {
      running.resolve();
      await goOn.promise;
      return 'done';
    });
    const id = await f.send(1);
    await running.promise;
    await f.db.query("update tasks set claim_worker = null, claim_no = null, state = 'QUEUED' where id = $1", [id]);
    const claim = f.store.tasks.claim.bind(f.store.tasks);
    f.store.tasks.claim = async (...args) => {
      asked.resolve();
      await open.promise;
      return claim(...args);
    };
    goOn.resolve();
    await asked.promise;
    const stopped = worker.stop();
    await new Promise(setImmediate);
    open.resolve();
    await stopped;
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', result: 'done' });
    expect(await f.ready()).toBe(0);
  });
});
