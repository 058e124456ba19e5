import { submitIssues } from './submit-rules.ts';

const NOW = Date.UTC(2026, 0, 1);
const LIMITED = { expiresMs: 5000, timeLimitMs: 2000, softTimeLimitMs: 1000 };

test('all that is wrong is told at once, each by its option', () => {
  const options = { delay: -1, expires: new Date(NOW), timeLimit: 0, softTimeLimit: 1, retry: { maxAttempts: 0 } };
  const paths = submitIssues(options, NOW).map(({ path }) => path);
  expect(paths).toEqual(['delay', 'expires', 'timeLimit', 'softTimeLimit', 'retry.maxAttempts']);
});

test.each([
  [{ delay: 5 }, 'expires', 'is 5 s by contract'],
  [{ softTimeLimit: 2 }, 'softTimeLimit', 'by contract that is 2 s'],
  [{ timeLimit: 1 }, 'timeLimit', 'which is 1 s by contract'],
])('%j is refused at %s beside what the contract says', (options, path, message) => {
  expect(submitIssues(options, NOW)).toEqual([]);
  expect(submitIssues(options, NOW, LIMITED)).toEqual([{ path, message: expect.stringContaining(message) }]);
});
