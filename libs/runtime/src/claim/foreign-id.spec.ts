import { newId } from '@lovage/foundation';
import { defineTask, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { z } from 'zod';
import { echo, Fixture } from '../testing/fixture.ts';

/** The row of a task with another name than the messages of {@link Fixture.send}. */
async function rowOfAnother(f: Fixture, state: 'QUEUED' | 'SUCCESS'): Promise<string> {
  const id = newId();
  await f.db.query(
    `insert into tasks (id, name, queue, state, input, result, finished_at)
     values ($1, 'test.pay', 'default', $2, '{"secret":1}', '"secret"', case when $2 = 'SUCCESS' then now() end)`,
    [id, state],
  );
  return id;
}
const rows = (f: Fixture) => f.db.query('select * from tasks order by id');

describe('a message that carries the id of a task of another name', () => {
  test.each<[string, TaskOptions]>([
    ['ordinary', {}],
    ['limited', { concurrency: 1 }],
    ['of a batch', { batch: { size: 5, timeout: '10ms' } }],
  ])('is refused, and the row stays as it is: %s', async (_what, options) => {
    await using f = await Fixture.open();
    const runs: unknown[] = [];
    const contract = echo(options);
    if (options.batch) await f.batchWorker(contract, (inputs) => (runs.push(...inputs), inputs.map(() => null)));
    else await f.worker(contract, (input) => (runs.push(input), null));
    for (const state of ['QUEUED', 'SUCCESS'] as const) {
      const id = await rowOfAnother(f, state);
      const before = await rows(f);
      f.broker.dead.length = 0;
      await f.send('mine', { id });
      await eventually(() => f.broker.dead.length === 1);
      expect(await rows(f)).toEqual(before);
    }
    expect(runs).toEqual([]);
    expect(await f.db.query('select from outbox')).toEqual([]);
  });

  test('is refused where no worker serves it, too', async () => {
    await using f = await Fixture.open();
    const served = defineTask({ name: 'test.other', input: z.object({}), output: z.unknown() });
    await f.worker(served, () => null);
    const id = await rowOfAnother(f, 'QUEUED');
    const before = await rows(f);
    await f.send('mine', { id });
    await eventually(() => f.broker.dead.length === 1);
    expect(await rows(f)).toEqual(before);
  });

  test('ends no row of another where only ends are recorded, and where it is malformed', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo({ record: 'final' }), () => 'mine');
    const id = await rowOfAnother(f, 'QUEUED');
    const before = await rows(f);
    const replied = f.replied.next();
    await f.send('mine', { id });
    await replied;
    const malformed = worker.signals.malformed.next();
    await f.sendBody('no json', { task: 'test.echo', id });
    await malformed;
    await worker.stop();
    expect(await rows(f)).toEqual(before);
  });

  test('is told nothing of how the other task ended', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), () => null);
    const id = await rowOfAnother(f, 'SUCCESS');
    const replied = f.replied.next();
    await f.sendBody('no json', { task: 'test.echo', id });
    expect(JSON.stringify(await replied)).not.toContain('secret');
  });
});
