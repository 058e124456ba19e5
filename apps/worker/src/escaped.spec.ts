import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, startTypeScript, testDatabase } from '@lovage/testing';
import { leaves, leavesMany } from './testing/leaving-app.ts';

jest.setTimeout(60_000);

const APP = fileURLToPath(new URL('./testing/leaving-app.ts', import.meta.url));

describeWithRabbit('what a handler leaves behind in the pool async', (rabbit) => {
  async function open(env: Record<string, string> = {}) {
    const queue = rabbit.queue('escaped');
    const db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl: rabbit.url, log: silentLog });
    await platform.start();
    const client = platform.client(new ContractRegistry([leaves, leavesMany]));
    const app = await startTypeScript(APP, [], {
      env: {
        ...{ DATABASE_URL: db.url, BROKER_URL: rabbit.url, WORKER_QUEUES: queue, WORKER_CONCURRENCY: '10' },
        ...{ WORKER_SHUTDOWN_GRACE: '1s', ...env },
      },
      ipc: true,
    });
    const opened = {
      ...{ db, platform, app },
      submit: async (contract: typeof leaves | typeof leavesMany, input: object) =>
        (await client.submit(contract as typeof leaves, input as never, { queue })).id,
      /** Lines of the log that tell of what nobody caught. */
      told: () =>
        app.lines
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Record<string, unknown>)
          .filter(({ kind }) => kind === 'rejection' || kind === 'exception'),
      row: (id: string) => platform.tasks.get(id),
      async [Symbol.asyncDispose]() {
        await app[Symbol.asyncDispose]();
        await platform.stop();
        await db.drop();
      },
    };
    try {
      await eventually(() => app.messages.includes('ready') || !app.running, { timeoutMs: 30_000 });
      if (!app.running) throw new Error('it has ended');
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw new Error(app.output, { cause: error });
    }
    return opened;
  }

  test('a rejection is told of with its task, and the worker goes on', async () => {
    await using w = await open();
    const id = await w.submit(leaves, { kind: 'rejection', ms: 50 });
    const noted = await eventually(async () => {
      const row = await w.row(id);
      return row?.escaped && row.finishedAt ? row : undefined;
    });
    expect(noted).toMatchObject({
      ...{ state: 'SUCCESS', result: 'well', retries: 0, suspected: 0 },
      escaped: { count: 1, last: { kind: 'rejection', attempt: 1, error: { message: 'left behind: rejection' } } },
    });
    expect(w.told()).toMatchObject([{ task: id, contract: 'leaves.behind', attempt: 1, kind: 'rejection' }]);
    // Whose of a batch it was nobody can tell: each of it shows the error.
    const batch = await Promise.all([1, 2, 3].map(() => w.submit(leavesMany, {})));
    for (const one of batch)
      expect(await eventually(async () => (await w.row(one))?.escaped ?? undefined)).toMatchObject({
        last: { error: { message: 'left behind by a batch' } },
      });
    w.app.signal('SIGTERM');
    expect(await w.app.exit).toEqual({ code: 0, signal: null });
  });

  test('after an exception the one that threw has failed, what runs ends or goes back unblamed, and the worker ends', async () => {
    await using w = await open();
    const ends = await w.submit(leaves, { kind: 'nothing', ms: 600 });
    const hangs = [await w.submit(leaves, { kind: 'nothing' }), await w.submit(leaves, { kind: 'nothing' })];
    for (const id of [ends, ...hangs]) await eventually(async () => (await w.row(id))?.state === 'STARTED');
    const threw = await w.submit(leaves, { kind: 'timer' });
    expect(await w.app.exit).toEqual({ code: 5, signal: null });
    expect(await w.row(threw)).toMatchObject({
      ...{ state: 'FAILURE', error: { type: 'RangeError', message: 'left behind: timer' }, suspected: 0 },
      escaped: { count: 1, last: { kind: 'exception', attempt: 1 } },
    });
    expect(await w.row(ends)).toMatchObject({ state: 'SUCCESS', result: 'well', suspected: 0, escaped: null });
    for (const id of hangs)
      expect(await w.row(id)).toMatchObject({ state: 'QUEUED', retries: 0, suspected: 0, crashes: 0 });
    expect(w.told()).toMatchObject([{ task: threw, kind: 'exception' }]);
    expect(await w.db.query('select id from workers')).toEqual([]);
  });

  test('an exception of a task that is over, or of no task, ends the worker in order as well', async () => {
    {
      await using w = await open();
      const id = await w.submit(leaves, { kind: 'timer', ms: 0 });
      expect(await w.app.exit).toEqual({ code: 5, signal: null });
      const row = await w.row(id);
      expect(row).toMatchObject({ state: 'SUCCESS', escaped: { count: 1, last: { kind: 'exception' } } });
    }
    await using w = await open({ LEAVES_OWN: '1' });
    const id = await w.submit(leaves, { kind: 'nothing' });
    expect(await w.app.exit).toEqual({ code: 5, signal: null });
    expect(w.told()).toMatchObject([{ kind: 'exception' }]);
    expect(w.told()[0]).not.toHaveProperty('task');
    expect(await w.row(id)).toMatchObject({ suspected: 0, retries: 0, state: 'QUEUED' });
  });
});
