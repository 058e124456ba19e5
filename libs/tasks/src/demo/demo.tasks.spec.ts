import { waitAndReturn } from '@lovage/contracts';
import { TestClock } from '@lovage/testing';
import { fakeTask } from '@lovage/runtime/testing';
import { DemoTasks } from './demo.tasks.ts';

describe('demo.wait_and_return', () => {
  it('returns the value after the seconds, not before', async () => {
    const clock = new TestClock();
    let result: unknown;
    const value = { any: ['json', null] };
    const running = new DemoTasks(clock).waitAndReturn({ seconds: 1.5, value }, fakeTask(waitAndReturn).task);
    void running.then((returned) => (result = returned));
    await clock.advance(1499);
    expect(result).toBeUndefined();
    await clock.advance(1);
    expect(result).toBe(value);
  });

  it('ends at once when aborted', async () => {
    const clock = new TestClock();
    const { task, abort } = fakeTask(waitAndReturn);
    const running = new DemoTasks(clock).waitAndReturn({ seconds: 3600, value: 1 }, task);
    abort(new Error('revoked'));
    await expect(running).rejects.toThrow('revoked');
    expect(clock.pending).toBe(0);
  });
});
