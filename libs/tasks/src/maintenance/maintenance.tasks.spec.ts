import { z } from 'zod';
import { pruneResults } from '@lovage/contracts';
import { FileStore } from '@lovage/files';
import type { RetentionRules, RetentionStore } from '@lovage/ports';
import { defineTask, validateOutput, type RetentionOptions } from '@lovage/task';
import { fakeTask } from '@lovage/runtime/testing';
import { TestFiles } from '../testing/test-files.ts';
import { MaintenanceTasks } from './maintenance.tasks.ts';

const folder = new TestFiles();
afterAll(() => folder[Symbol.dispose]());

/** So many tasks, firings and dead letters past retention; `onBatch` is called before each batch of tasks. */
function store(tasks: number, firings: number, deadLetters: number, onBatch: () => void = () => undefined) {
  const asked: { olderThanMs: number; limit: number }[] = [];
  const rules: RetentionRules[] = [];
  const retention: RetentionStore = {
    // eslint-disable-next-line @typescript-eslint/require-await -- as the store's, it is asked step by step
    async *pruneTasks(by, { limit }) {
      rules.push(by);
      for (let now = limit; now === limit; tasks -= now) {
        onBatch();
        now = Math.min(tasks, limit);
        yield { tasks: now, attempts: now > 0 ? 1 : 0 };
      }
    },
    pruneFirings(options) {
      asked.push(options);
      const now = Math.min(firings, options.limit);
      firings -= now;
      return Promise.resolve(now);
    },
    pruneDeadLetters(options) {
      asked.push(options);
      const now = Math.min(deadLetters, options.limit);
      deadLetters -= now;
      return Promise.resolve(now);
    },
  };
  const results = { retentionMs: 60_000, deadLettersMs: 90_000, retentionByState: { DEAD: Infinity } };
  return {
    asked,
    rules,
    handlers: new MaintenanceTasks(
      { ...folder.options(), results },
      retention,
      [plain, own],
      folder.deps().files,
      new FileStore(folder.files),
    ),
  };
}

const contract = (name: string, retention?: RetentionOptions) =>
  defineTask({ name, input: z.strictObject({}), output: z.null(), defaults: { retention } });
const plain = contract('test.plain');
const own = contract('test.own', { SUCCESS: '1h', FAILURE: 'forever' });

describe('maintenance.prune_results', () => {
  it('goes on in batches until nothing is left, and tells how far it is', async () => {
    const { asked, rules, handlers } = store(2500, 1000, 1500);
    const { task, reported } = fakeTask(pruneResults);
    const output = await handlers.pruneResults({}, task);
    expect(validateOutput(pruneResults, output)).toEqual({
      ...{ tasks: 2500, attempts: 3, firings: 1000, deadLetters: 1500 },
      complete: true,
    });
    expect(reported).toEqual([{ tasks: 1000 }, { tasks: 2000 }, { tasks: 2500 }]);
    expect(asked.map(({ olderThanMs }) => olderThanMs)).toEqual([60_000, 60_000, 90_000, 90_000]);
    for (const { limit } of asked) expect(limit).toBe(1000);
    expect(rules).toEqual([
      {
        byState: { SUCCESS: 60_000, FAILURE: 60_000, REVOKED: 60_000, EXPIRED: 60_000, DEAD: Infinity },
        byName: new Map([['test.own', { SUCCESS: 3600_000, FAILURE: Infinity }]]),
      },
    ]);
  });

  it('ends with what it has done when its time is up', async () => {
    const { task, abort } = fakeTask(pruneResults);
    const reason = Object.assign(new Error('soft limit'), { code: 'soft_time_limit_exceeded' });
    const { handlers } = store(5000, 10, 10, () => abort(reason));
    expect(await handlers.pruneResults({}, task)).toEqual({
      ...{ tasks: 1000, attempts: 1, firings: 0, deadLetters: 0 },
      complete: false,
    });
  });

  it('is requeued when the worker stops', async () => {
    const { task, abort } = fakeTask(pruneResults);
    const reason = Object.assign(new Error('stop'), { code: 'worker_shutdown' });
    const { handlers } = store(5000, 10, 10, () => abort(reason));
    await expect(handlers.pruneResults({}, task)).rejects.toBe(reason);
  });
});
