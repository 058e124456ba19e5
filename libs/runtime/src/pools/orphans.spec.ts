import { jest } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { eventually, startTypeScript } from '@lovage/testing';

const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const owner = fileURLToPath(new URL('../testing/pool-owner.ts', import.meta.url));

test('a worker that is killed leaves no child, neither one that computes for ever nor one that idles', async () => {
  await using parent = await startTypeScript(owner);
  const pids = await Promise.all(
    [/^computing .*?(\d+)/, /^pid (\d+)/].map(async (match) => Number(match.exec(await parent.line(match, SLOW))![1])),
  );
  expect(pids.filter(isAlive)).toHaveLength(2);
  // The owner alone: not its group, in which the children are.
  parent.signal('SIGKILL');
  await parent.exit;
  await eventually(() => !pids.some(isAlive), SLOW);
});

test('signals to the whole group, as Ctrl-C sends them, end no child before its worker does', async () => {
  await using parent = await startTypeScript(owner);
  const pid = Number(/\d+/.exec(await parent.line(/^pid/, SLOW))![0]);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  expect(isAlive(pid)).toBe(true);
  await parent.kill();
});
