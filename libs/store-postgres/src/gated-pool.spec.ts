import { deferred } from '@lovage/foundation';
import { StoreUnavailableError } from '@lovage/ports';
import { eventually, RecordingLog, silentLog, TestClock, testDatabase } from '@lovage/testing';
import { Database } from './database.ts';
import { ReadingPool } from './lists/reading-pool.ts';

const one = { name: 'one', text: 'select 1 as one' };

/** Holds every connection for submits until told otherwise. */
async function saturate(database: Database, connections: number) {
  const end = deferred();
  const held = Array.from({ length: connections }, () => {
    const begun = deferred();
    const done = database.transaction(async (run) => {
      await run(one, []);
      begun.resolve();
      await end.promise;
    }, 'submit');
    return { begun: begun.promise, done };
  });
  await Promise.all(held.map(({ begun }) => begun));
  return async () => {
    end.resolve();
    await Promise.all(held.map(({ done }) => done));
  };
}

test('a wait for a free connection is no outage: longer than the wait for a server, told as what it is, and logged', async () => {
  await using db = await testDatabase({ migrated: false });
  const clock = new TestClock();
  const log = new RecordingLog();
  const database = new Database({ url: db.url, log, clock, submitConnections: 2, connectTimeoutMs: 1000 });
  try {
    const free = await saturate(database, 2);
    const served = database.run(one, [], 'submit');
    await clock.advance(29_000);
    const late = [1, 2].map(() => database.run(one, [], 'submit').catch((error: unknown) => error));
    await free();
    expect(await served).toEqual([{ one: 1 }]);
    expect(await Promise.all(late)).toEqual([[{ one: 1 }], [{ one: 1 }]]);
    expect(log.entries).toMatchObject([
      { level: 'warn', fields: { purpose: 'submits', connections: 2, waiting: 2, waitedMs: 29_000 } },
    ]);

    const freeAgain = await saturate(database, 2);
    const given = [1, 2, 3].map(() => database.run(one, [], 'submit').catch((error: unknown) => error));
    await clock.advance(30_000);
    for (const error of await Promise.all(given)) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({ code: 'store_busy' });
      expect((error as Error).message).toMatch(/none of the 2 connections for submits became free within 30000 ms/);
    }
    // One line for all of them.
    expect(log.entries.length).toBe(2);
    // Others have connections of their own.
    expect(await database.run(one, [])).toEqual([{ one: 1 }]);
    expect(await database.run(one, [], 'relaxed')).toEqual([{ one: 1 }]);
    await freeAgain();
    expect(await database.run(one, [], 'submit')).toEqual([{ one: 1 }]);
    expect(clock.pending).toBe(0);
  } finally {
    await database.close();
  }
});

test('a failed statement, a failed transaction and a server that is away release their connection', async () => {
  await using db = await testDatabase({ migrated: false });
  const database = new Database({ url: db.url, log: silentLog, submitConnections: 1 });
  const bad = { name: 'bad', text: 'select nothing from nowhere' };
  try {
    for (let n = 0; n < 3; n += 1) {
      await expect(database.run(bad, [], 'submit')).rejects.toThrow('nowhere');
      await expect(database.transaction((run) => run(bad, []), 'submit')).rejects.toThrow('nowhere');
    }
    expect(await database.run(one, [], 'submit')).toEqual([{ one: 1 }]);
  } finally {
    await database.close();
  }
  const nowhere = new Database({ url: 'postgres://nobody@127.0.0.1:1/none', log: silentLog, submitConnections: 1 });
  for (let n = 0; n < 3; n += 1) {
    await expect(nowhere.run(one, [], 'submit')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(nowhere.transaction((run) => run(one, []), 'submit')).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  }
  await nowhere.close();
});

test('lists wait for each other in the same way', async () => {
  await using db = await testDatabase({ migrated: false });
  const clock = new TestClock();
  const reading = new ReadingPool({ url: db.url, log: silentLog, clock, busyTimeoutMs: 10_000 });
  const end = deferred();
  let begun = 0;
  const held = Array.from({ length: 4 }, () =>
    reading.together(async (run) => {
      await run({ text: 'select 1', values: [] });
      begun += 1;
      await end.promise;
    }),
  );
  await eventually(() => begun === 4);
  const late = reading.run({ text: 'select 1', values: [] });
  const told = expect(late).rejects.toMatchObject({ code: 'store_busy' });
  await clock.advance(10_000);
  await told;
  end.resolve();
  await Promise.all(held);
  expect(await reading.run({ text: 'select 1 as one', values: [] })).toEqual([{ one: 1 }]);
  await reading.close();
});
