import { deferred } from '@lovage/foundation';
import { TestClock } from '@lovage/testing';
import { RecentAnswers } from './recent-answers.ts';

const clock = new TestClock();
let asked = 0;
const ask = () => Promise.resolve((asked += 1));

test('one answer serves all who ask within the time, and is kept no longer', async () => {
  const answers = new RecentAnswers<number>(clock, 1_000);
  const first = await answers.get('a', ask);
  await clock.advance(999);
  expect(await answers.get('a', ask)).toBe(first);
  expect(await answers.get('b', ask)).not.toBe(first);
  await clock.advance(1);
  expect(await answers.get('a', ask)).not.toBe(first);
  await clock.advance(1_000);
  expect(clock.pending).toBe(0);
});

test('a failure is told to those who wait for it, and to nobody else', async () => {
  const answers = new RecentAnswers<number>(clock, 1_000);
  const failing = deferred<number>();
  const both = [answers.get('a', () => failing.promise), answers.get('a', ask)];
  failing.reject(new Error('away'));
  for (const answer of both) await expect(answer).rejects.toThrow('away');
  expect(await answers.get('a', ask)).toBe(asked);
});

test('with too many the one goes that was wanted longest ago; its time does not end that of the next', async () => {
  const answers = new RecentAnswers<number>(clock, 1_000, 2);
  const [a] = [await answers.get('a', ask), await answers.get('b', ask)];
  await answers.get('a', ask);
  await clock.advance(500);
  await answers.get('c', ask);
  expect(await answers.get('a', ask)).toBe(a);
  const b = await answers.get('b', ask);
  await clock.advance(500);
  expect(await answers.get('b', ask)).toBe(b);
});
