import { eventually } from '@lovage/testing';
import { endings, watchEndings } from './kit/endings.ts';
import type { RunningPlatform } from './kit/platform.ts';
import { onBothShapes } from './kit/shapes.ts';

/** Of a worker that is told to stop: running tasks may go on for so long. */
const GRACE_SECONDS = 3;

onBothShapes('a worker told to stop while tasks run', (shape) => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await shape.start({ env: { WORKER_CONCURRENCY: '20', WORKER_SHUTDOWN_GRACE: `${GRACE_SECONDS}s` } });
    await watchEndings(platform);
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('it finishes what is short, requeues what is long without burning an attempt, and exits with 0', async () => {
    const { rest, launcher } = platform;
    const submit = async (seconds: number): Promise<string> =>
      (await rest.accepted('demo.wait_and_return', { seconds, value: seconds })).id;
    const short = await Promise.all([1, 1, 1].map(submit));
    const long = await Promise.all([1, 1, 1].map((n) => submit(GRACE_SECONDS + 2 * n)));
    const ids = [...short, ...long];
    const states = async (of: string[]): Promise<string[]> => {
      const rows = await platform.query<{ state: string }>('select state from tasks where id = any($1)', [of]);
      return rows.map((row) => row.state);
    };
    await eventually(async () => (await states(ids)).every((state) => state === 'STARTED'), {
      timeoutMs: 20_000,
      everyMs: 5,
    });

    const first = await platform.pid('worker');
    process.kill(first, 'SIGTERM');
    await launcher.line('worker ended with exit code 0', { timeoutMs: 20_000 });
    for (const id of short) expect(await rest.task(id)).toMatchObject({ state: 'SUCCESS', result: 1, attempt: 1 });

    for (const id of long) {
      const task = await rest.ended(id, { timeoutMs: 60_000 });
      expect(task).toMatchObject({ state: 'SUCCESS', result: GRACE_SECONDS + 2, retries: 0, attempt: 1 });
      expect(task.worker).not.toMatch(new RegExp(`^worker-${first}@`));
    }
    const attempts = await platform.query<{ task_id: string; outcome: string }>(
      'select task_id, outcome from attempts',
    );
    expect(attempts.map((one) => one.outcome)).toEqual(long.map(() => 'RELEASED'));
    expect(attempts.map((one) => one.task_id).sort()).toEqual(long.toSorted());
    expect((await endings(platform)).map((one) => one.task_id).sort()).toEqual(ids.toSorted());
  }, 120_000);
});
