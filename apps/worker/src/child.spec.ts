import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { add, divide } from '@lovage/contracts';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry } from '@lovage/task';
import { silentLog, startTypeScript, testDatabase, type TestProcess } from '@lovage/testing';

jest.setTimeout(180_000);

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const onLinux = process.platform === 'linux' ? test : test.skip;

/** The worker's process on a database of its own, and a client of both. */
async function serve(pool: string) {
  const db = await testDatabase();
  const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
  await platform.start();
  const worker = await startTypeScript(main, ['-P', pool], {
    env: { DATABASE_URL: db.url, BROKER_URL: undefined, NODE_ENV: 'test', WORKER_CHILDREN: '1', LOG_LEVEL: 'info' },
    ready: 'worker ready',
    timeoutMs: 120_000,
  });
  return {
    worker,
    client: platform.client(new ContractRegistry([add, divide])),
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await platform.stop();
      await db.drop();
    },
  };
}

const childrenOf = ({ pid }: TestProcess): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

test.each(['thread', 'process'])('the tasks that ship run in the pool %s', async (pool) => {
  await using served = await serve(pool);
  const { client, worker } = served;
  expect(worker.output).toMatch(new RegExp(`pool: +${pool}`));
  expect(await client.call(add, { x: 1, y: 2 })).toBe(3);
  await expect(client.call(divide, { x: 1, y: 0 })).rejects.toMatchObject({ type: 'DivisionByZero', data: { x: 1 } });
  expect(await worker.stop({ timeoutMs: 30_000 })).toEqual({ code: 0, signal: null });
});

onLinux('a worker of the pool async that runs a task has no child', async () => {
  await using served = await serve('async');
  expect(await served.client.call(add, { x: 1, y: 2 })).toBe(3);
  expect(childrenOf(served.worker)).toEqual([]);
});

onLinux('a worker of the pool process has its children, and leaves none when it stops', async () => {
  await using served = await serve('process');
  await served.client.call(add, { x: 1, y: 2 });
  const [child] = childrenOf(served.worker);
  expect(child).toBeDefined();
  await served.worker.stop({ timeoutMs: 30_000 });
  expect(() => process.kill(Number(child), 0)).toThrow('ESRCH');
});
