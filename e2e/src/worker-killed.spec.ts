import { eventually } from '@lovage/testing';
import { endings, watchEndings } from './kit/endings.ts';
import type { RunningPlatform } from './kit/platform.ts';
import { onBothShapes } from './kit/shapes.ts';

const TASKS = 200;
// Long enough that a quarter of them run at once, also where submitting them takes some seconds.
const SECONDS = 3;
const DEADLINE_MS = 60_000;

onBothShapes('a worker killed in the middle of 200 tasks', (shape) => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await shape.start({ env: { WORKER_CONCURRENCY: String(TASKS) } });
    await watchEndings(platform);
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('all end within 60 s, each once', async () => {
    const { rest } = platform;
    const count = async (where: string): Promise<number> =>
      (await platform.query<{ n: number }>(`select count(*)::int as n from tasks where ${where}`))[0]!.n;
    const submits = Array.from({ length: TASKS }, (_, n) =>
      rest.accepted('demo.wait_and_return', { seconds: SECONDS, value: n }),
    );
    const ids = (await Promise.all(submits)).map((task) => task.id);
    const running = await eventually(
      async () => {
        const n = await count(`state = 'STARTED'`);
        return n >= TASKS / 4 && n;
      },
      { everyMs: 5, timeoutMs: 20_000 },
    );
    const victim = await platform.pid('worker');
    const began = performance.now();
    process.kill(victim, 'SIGKILL');

    await eventually(async () => (await count('finished_at is null')) === 0, { timeoutMs: DEADLINE_MS, everyMs: 100 });
    const tookMs = performance.now() - began;
    expect(await platform.pid('worker')).not.toBe(victim);
    const lost = await platform.query<{ outcome: string; n: number }>(
      'select outcome, count(*)::int as n from attempts group by outcome',
    );
    process.stdout.write(
      `worker killed with ${running} running: all ended ${(tookMs / 1000).toFixed(1)} s later, ${JSON.stringify(lost)} (${shape.name})\n`,
    );

    const rows = await platform.query<{ id: string; state: string; result: number; retries: number }>(
      'select id, state, result, retries from tasks',
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    expect(rows).toHaveLength(TASKS);
    ids.forEach((id, n) => expect(byId.get(id)).toEqual({ id, state: 'SUCCESS', result: n, retries: 0 }));
    const ended = await endings(platform);
    expect(ended.map((one) => one.task_id).sort()).toEqual(ids.toSorted());
    expect(ended.every((one) => one.state === 'SUCCESS')).toBe(true);
    // What ran when its worker died is told.
    expect(lost).toEqual([{ outcome: 'LOST', n: expect.any(Number) }]);
    expect(lost[0]!.n).toBeGreaterThan(0);
  }, 120_000);
});
