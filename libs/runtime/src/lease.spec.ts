import type { Worker } from 'node:worker_threads';
import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import type { TaskWorker } from './worker.ts';
import { echo, Fixture } from './testing/fixture.ts';

const LEASE_MS = 8000;

function leaseThreadOf(worker: TaskWorker): Worker | undefined {
  return (worker as unknown as { deps: { lease: { thread?: { worker: Worker } } } }).deps.lease.thread?.worker;
}

describe('the lease thread dies', () => {
  test('the worker says so, aborts what ran, and works on under a new lease', async () => {
    await using f = await Fixture.open();
    const [running, aborted] = [deferred(), deferred<string>()];
    let runs = 0;
    const worker = await f.worker(
      echo(),
      (_, task) => {
        runs += 1;
        if (runs > 1) return 'done';
        running.resolve();
        return new Promise((_resolve, reject) =>
          task.signal.addEventListener('abort', () => {
            aborted.resolve(task.signal.reason.code);
            reject(task.signal.reason as Error);
          }),
        );
      },
      { leaseMs: LEASE_MS },
    );
    f.relay();
    const first = await f.send(1);
    await running.promise;
    await leaseThreadOf(worker)!.terminate();
    expect(await aborted.promise).toBe('lease_lost');
    expect(worker.leaseHeld).toBe(false);
    await eventually(() => worker.leaseHeld);
    const second = await f.send(2);
    expect(await f.ended(second)).toMatchObject({ state: 'SUCCESS', result: 'done' });
    expect(await f.ended(first)).toMatchObject({ state: 'SUCCESS', result: 'done' });
  });

  test('a stop in that moment ends', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), () => 'done', { leaseMs: LEASE_MS });
    await leaseThreadOf(worker)!.terminate();
    await worker.stop();
    expect(await f.ready()).toBe(0);
  });
});
