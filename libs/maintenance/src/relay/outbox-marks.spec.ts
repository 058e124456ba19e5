import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock, type Clock } from '@lovage/ports';
import { silentLog, TestClock } from '@lovage/testing';
import { FakeOutbox } from '../testing/fakes.ts';
import { OutboxMarks } from './outbox-marks.ts';

/** Whose waits are over in the next turn of the loop. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (_ms, run) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

test('a relay that runs for long keeps nothing of its rests', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const outbox = new FakeOutbox(new TestClock());
  const marks = new OutboxMarks({ outbox, log: silentLog, clock: hasty, giveUpAfterMs: 1000 });
  const mark = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await marks.published({ taskId: 'a', turn });
    outbox.calls.length = 0;
  };
  await mark(1000);
  gc();
  const before = process.memoryUsage().heapUsed;
  await mark(20_000);
  gc();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1e6);
  await marks.stop();
});
