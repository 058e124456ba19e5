import { setImmediate as pass } from 'node:timers/promises';
import { deferred } from '@lovage/foundation';
import { Pump, UnderWay } from './under-way.ts';

describe('a pump', () => {
  test('does its job once for all that wakes it in one tick', async () => {
    let jobs = 0;
    const pump = new Pump(async () => void (jobs += 1));
    for (let n = 0; n < 3; n += 1) pump.wake();
    expect(jobs).toBe(0);
    await pass();
    expect(jobs).toBe(1);
    await pump.close();
  });

  test('does one job at a time, and another for what woke it meanwhile, up to the very end of the job', async () => {
    const gates = [deferred(), deferred()];
    const begun: number[] = [];
    const pump = new Pump(async () => {
      const gate = gates[begun.push(begun.length) - 1];
      await gate?.promise;
    });
    pump.wake();
    await pass();
    pump.wake();
    await pass();
    expect(begun).toEqual([0]);
    gates[0]!.resolve();
    await pass();
    await pass();
    expect(begun).toEqual([0, 1]);
    // Between the last look of the job and its end.
    void gates[1]!.promise.then(() => pump.wake());
    gates[1]!.resolve();
    await pass();
    await pass();
    expect(begun).toEqual([0, 1, 2]);
    await pump.close();
  });

  test('closed, it begins nothing more, and waits for the job that is under way', async () => {
    const gate = deferred();
    let ended = false;
    let jobs = 0;
    const pump = new Pump(async () => {
      jobs += 1;
      await gate.promise;
      ended = true;
    });
    pump.wake();
    await pass();
    pump.wake();
    const closed = pump.close();
    pump.wake();
    gate.resolve();
    await closed;
    await pass();
    expect([jobs, ended]).toEqual([1, true]);
  });
});

test('work under way is waited for, also what it makes', async () => {
  const underWay = new UnderWay();
  const done: string[] = [];
  underWay.add(
    pass().then(() => {
      underWay.add(pass().then(() => void done.push('second')));
      done.push('first');
      throw new Error('of its own concern');
    }),
  );
  await underWay.idle();
  expect([done, underWay.size]).toEqual([['first', 'second'], 0]);
});
