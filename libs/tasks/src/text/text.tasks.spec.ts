import { processWord } from '@lovage/contracts';
import { validateOutput, validateProgress } from '@lovage/task';
import { TestClock } from '@lovage/testing';
import { fakeTask } from '@lovage/runtime/testing';
import { TextTasks } from './text.tasks.ts';

describe('text.process_word', () => {
  it('reports 10 to 100 percent, a second apart, and returns a text with the word', async () => {
    const clock = new TestClock();
    const { task, reported } = fakeTask(processWord);
    const running = new TextTasks(clock).processWord({ word: 'lovage' }, task);
    for (let percent = 10; percent <= 100; percent += 10) {
      await clock.advance(999);
      expect(reported).toHaveLength(percent / 10 - 1);
      await clock.advance(1);
      expect(reported.at(-1)).toEqual({ percent });
      expect(() => validateProgress(processWord, reported.at(-1))).not.toThrow();
    }
    const output = await running;
    expect(validateOutput(processWord, output)).toContain('lovage');
    expect(clock.pending).toBe(0);
  });

  it('ends between two steps when aborted', async () => {
    const clock = new TestClock();
    const { task, reported, abort } = fakeTask(processWord);
    const running = new TextTasks(clock).processWord({ word: 'lovage' }, task);
    await clock.advance(2500);
    abort(new Error('revoked'));
    await expect(running).rejects.toThrow('revoked');
    expect(reported).toEqual([{ percent: 10 }, { percent: 20 }]);
  });
});
