import { jest } from '@jest/globals';
import { z } from 'zod';
import { defineTask, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { deed, handle } from '../testing/child-tasks.ts';
import { children, echo, Fixture } from '../testing/fixture.ts';

/** A child boots the application from its sources; several at once on a busy machine take their time. */
jest.setTimeout(120_000);

const MIB = 1024 * 1024;
const value = (input: unknown) => (input as { value: unknown }).value;

describe.each(['async', 'thread', 'process'] as const)('a result in the pool %s', (pool) => {
  test('that is too large fails its task with the limit named, once, and its neighbours are well', async () => {
    await using f = await Fixture.open();
    const contract = deed({ pool, retry: { maxAttempts: 5 } });
    await f.worker(contract, handle, { children: await children(), resultLimit: MIB });
    const send = (name: string, given: unknown) =>
      f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value: given }) });
    const large = await Promise.all([send('large', 200 * MIB), send('quotes', 150 * MIB), send('large', MIB)]);
    const good = await send('large', MIB - 10);
    const ended = (id: string) =>
      eventually(async () => (await f.store.tasks.get(id))?.finishedAt ?? undefined, { timeoutMs: 90_000 });
    for (const id of [...large, good]) await ended(id);
    for (const id of large)
      expect(await f.store.tasks.get(id)).toMatchObject({
        ...{ state: 'FAILURE', retries: 0, result: null },
        error: { type: 'ResultTooLarge', code: 'result_too_large', message: expect.stringContaining('RESULT_LIMIT') },
      });
    expect(await f.store.tasks.get(good)).toMatchObject({ state: 'SUCCESS' });
  });
});

describe('a result', () => {
  test.each(['full', 'final'] as const)('has the limit of its contract, with record %s', async (record) => {
    await using f = await Fixture.open();
    await f.worker(echo({ record, resultLimit: '1KiB' }), (input) => 'x'.repeat(value(input) as number));
    expect(await f.ended(await f.send(1022))).toMatchObject({ state: 'SUCCESS' });
    expect(await f.ended(await f.send(1023))).toMatchObject({ error: { type: 'ResultTooLarge' } });
  });

  test.each([
    ['NaN', { a: NaN }, 'output.a'],
    ['a Map', { a: [new Map()] }, 'output.a.0'],
    ['an invalid date', new Date(NaN), 'output'],
    ['a function', { f: () => 1 }, 'output.f'],
    ['a bigint', { n: 2n ** 64n }, 'output.n'],
  ])('that holds %s is refused with its path, not changed', async (_, given, path) => {
    await using f = await Fixture.open();
    await f.worker(echo(), () => given);
    const row = await f.ended(await f.send(1));
    expect(row).toMatchObject({ state: 'FAILURE', error: { type: 'OutputInvalidError', code: 'output_invalid' } });
    expect(row.error!.message).toContain(`${path}: `);
  });

  test('of a batch fails its own task alone', async () => {
    await using f = await Fixture.open();
    const contract = echo({ batch: { size: 2, timeout: '10m' }, resultLimit: 100 });
    await f.batchWorker(contract, (items) =>
      items.map((item) => item.succeeded('x'.repeat((item.input as { value: number }).value))),
    );
    const [good, bad] = await Promise.all([f.send(10), f.send(1000)]);
    expect(await f.ended(good!)).toMatchObject({ state: 'SUCCESS' });
    expect(await f.ended(bad!)).toMatchObject({ state: 'FAILURE', error: { type: 'ResultTooLarge' } });
  });

  test('many large ones that end together are written in several statements', async () => {
    await using f = await Fixture.open();
    await f.worker(echo({ resultLimit: '12MiB' }), () => '"'.repeat(5 * MIB));
    const ids = await Promise.all([1, 2, 3, 4].map((n) => f.send(n)));
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
  });
});

describe('beside the result', () => {
  const contract = (defaults: TaskOptions = {}) =>
    defineTask({
      name: 'test.echo',
      input: z.strictObject({ value: z.unknown() }),
      output: z.unknown(),
      progress: z.unknown(),
      errors: { Odd: z.object({ reason: z.unknown() }) },
      defaults,
    });

  test('progress and declared data have a bound of their own, and hold what JSON carries', async () => {
    await using f = await Fixture.open();
    const odd = contract({ retry: { maxAttempts: 3, delay: 0 } });
    const deeds: Record<string, (task: { progress(value: unknown): void }) => unknown> = {
      largeProgress: (task) => task.progress('x'.repeat(65 * 1024)),
      oddProgress: (task) => task.progress({ at: [Infinity] }),
      largeData: () => {
        throw odd.error('Odd', { reason: 'x'.repeat(65 * 1024) });
      },
      oddData: () => {
        throw odd.error('Odd', { reason: new Set([1]) });
      },
      fine: (task) => {
        task.progress('x'.repeat(60 * 1024));
        throw odd.error('Odd', { reason: 'y'.repeat(60 * 1024) });
      },
    };
    await f.worker(odd, (input, task) => deeds[value(input) as string]!(task as never));
    const error = async (name: string) => (await f.ended(await f.send(name))).error!;
    expect(await error('largeProgress')).toMatchObject({ type: 'ResultTooLarge' });
    expect((await error('oddProgress')).message).toContain('progress.at.0: is Infinity');
    expect(await error('largeData')).toMatchObject({ type: 'ResultTooLarge', cause: { type: 'Odd' } });
    expect((await error('oddData')).message).toContain('error.data.reason: is a Set');
    expect(await error('fine')).toMatchObject({ type: 'Odd' });
  });
});
