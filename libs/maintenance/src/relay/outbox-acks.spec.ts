import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock, type Clock } from '@lovage/ports';
import { silentLog, TestClock } from '@lovage/testing';
import { FakeOutbox } from '../testing/fakes.ts';
import { OutboxAcks } from './outbox-acks.ts';

/** Its waits end in the next pass of the event loop. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (_ms, run) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

test('a relay that runs for long keeps nothing of its lingers', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const outbox = new FakeOutbox(new TestClock());
  const acks = new OutboxAcks({ outbox, log: silentLog, clock: hasty, giveUpAfterMs: 1000 });
  const ack = async (count: number): Promise<void> => {
    for (let generation = 0; generation < count; generation += 1) await acks.published({ taskId: 'a', generation });
    outbox.calls.length = 0;
  };
  await ack(1000);
  gc();
  const before = process.memoryUsage().heapUsed;
  await ack(20_000);
  gc();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1e6);
  await acks.stop();
});
