import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import type { TaskEvent } from './task-events.ts';
import { echo, Fixture } from './testing/fixture.ts';
import type { TaskWorker } from './worker.ts';

/** What a worker tells of its tasks from now on, without the tasks themselves. */
function heard(worker: TaskWorker): { readonly of: (id: string) => object[] } {
  const events: { id: string; event: object }[] = [];
  worker.signals.tasks.on(({ task, ...event }: TaskEvent) => events.push({ id: task.id, event }));
  return { of: (id) => events.filter((one) => one.id === id).map(({ event }) => event) };
}

const BEGUN = [{ kind: 'received' }, { kind: 'started' }];

test('how a task is received, started and ended, well or not', async () => {
  await using f = await Fixture.open();
  const worker = await f.worker(echo(), (input) => {
    if ((input as { value: unknown }).value === 'bad') throw new RangeError('no');
    return 'done';
  });
  const told = heard(worker);
  const [well, bad] = [await f.send('good'), await f.send('bad')];
  await eventually(() => told.of(well).length === 3 && told.of(bad).length === 3);
  expect(told.of(well)).toEqual([...BEGUN, { kind: 'succeeded', result: '"done"' }]);
  expect(told.of(bad)).toEqual([...BEGUN, { kind: 'failed', error: expect.objectContaining({ type: 'RangeError' }) }]);
  // Its message comes again: its end has been told.
  await f.send('bad', { id: bad });
  await eventually(() => told.of(bad).length === 4);
  await worker.stop();
  expect(told.of(bad).slice(3)).toEqual([{ kind: 'received' }]);
});

test('a retry', async () => {
  await using f = await Fixture.open();
  const worker = await f.worker(echo({ retry: { maxAttempts: 2, delay: '1h' } }), () => {
    throw new RangeError('not yet');
  });
  const told = heard(worker);
  const id = await f.send(1);
  await eventually(() => told.of(id).length === 3);
  expect(told.of(id)[2]).toEqual({ kind: 'retried', error: expect.objectContaining({ message: 'not yet' }) });
});

test('a task that expired before it was claimed is revoked without having run', async () => {
  await using f = await Fixture.open();
  const worker = await f.worker(echo(), () => 'done');
  const told = heard(worker);
  const id = await f.send(1, { expiresAt: Date.now() - 60_000 });
  await eventually(() => told.of(id).length === 2);
  expect(told.of(id)).toEqual([{ kind: 'received' }, { kind: 'revoked', expired: true, ran: false }]);
});

test('what a stop interrupts is rejected to be delivered again', async () => {
  await using f = await Fixture.open();
  const begun = deferred();
  const worker = await f.worker(
    echo(),
    (_, { signal }) => {
      begun.resolve();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
    { shutdownGrace: '1ms' },
  );
  const told = heard(worker);
  const id = await f.send(1);
  await begun.promise;
  await worker.stop();
  expect(told.of(id)).toEqual([...BEGUN, { kind: 'rejected', requeue: true }]);
});
