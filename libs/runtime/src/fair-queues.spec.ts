import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import { echo, Fixture } from './testing/fixture.ts';

const value = (input: unknown) => (input as { value: string }).value;

test('a flood in one queue does not keep the tasks of another waiting', async () => {
  await using f = await Fixture.open();
  const gate = deferred();
  const order: string[] = [];
  await f.worker(
    echo(),
    async (input) => {
      order.push(value(input));
      if (value(input) === 'first') await gate.promise;
    },
    { queues: ['default', 'quiet'], concurrency: 1, prefetchMultiplier: 100 },
  );
  await f.send('first');
  await eventually(() => order.length === 1);
  for (let n = 0; n < 50; n += 1) await f.send('flood');
  for (let n = 0; n < 3; n += 1) await f.send('quiet', {}, 'quiet');
  // All of it is in the worker's hands, the flood before the others.
  await eventually(async () => (await f.ready()) === 0 && (await f.broker.depth('quiet')).ready === 0);
  gate.resolve();
  await eventually(() => order.length === 54);
  expect(order.slice(0, 7)).toEqual(['first', 'flood', 'quiet', 'flood', 'quiet', 'flood', 'quiet']);
});
