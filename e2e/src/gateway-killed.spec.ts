import type { BulkJobDocument, BulkPreviewDocument } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import type { RunningPlatform } from './kit/platform.ts';
import { onEmbedded } from './kit/shapes.ts';

const TO_RETRY = 300;
const DEADLINE_MS = 60_000;

// Whatever the broker is: a job is in Postgres alone.
onEmbedded('a gateway killed in the middle of a bulk job', (shape) => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await shape.start();
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('the next one goes on, and runs nothing again twice', async () => {
    const { rest } = platform;
    await platform.query(
      `insert into tasks (id, name, queue, state, input, created_at, finished_at)
       select gen_random_uuid(), 'math.divide', $2, 'FAILURE', '{"x":1,"y":2}', now() - interval '1 min', now() - interval '1 s'
       from generate_series(1, $1::int)`,
      [TO_RETRY, shape.queue],
    );
    const spec = { action: 'task.retry', filter: { name: 'math.divide', state: 'FAILURE' } };
    const { at, matched } = (await rest.ask('/api/bulk/preview', { body: spec })).json<BulkPreviewDocument>();
    expect(matched).toBe(TO_RETRY);
    const body = { ...spec, at, reason: 'it is killed', rate: '100/s' };
    const { id } = (await rest.ask('/api/bulk', { body })).json<BulkJobDocument>();
    const job = async (): Promise<BulkJobDocument | undefined> =>
      (await rest.ask(`/api/bulk/${id}`)).json<BulkJobDocument>();
    await eventually(async () => (await job())!.done >= 50, { everyMs: 20 });
    const victim = await platform.pid('gateway');
    process.kill(victim, 'SIGKILL');
    const ended = await eventually(
      async () => {
        const now = await job().catch(() => undefined);
        return now?.state !== undefined && now.state !== 'running' && now;
      },
      { timeoutMs: DEADLINE_MS, everyMs: 200 },
    );
    expect(await platform.pid('gateway')).not.toBe(victim);
    process.stdout.write(`bulk job killed: ${ended.done} done, ${ended.skipped} seen twice (${shape.name})\n`);
    expect(ended).toMatchObject({ state: 'done', matched: TO_RETRY, failed: 0 });
    expect(ended.done + ended.skipped).toBe(TO_RETRY);
    const retried = await platform.query(
      'select count(*)::int as n, count(distinct retried_from)::int as old from tasks where retried_from is not null',
    );
    expect(retried).toEqual([{ n: TO_RETRY, old: TO_RETRY }]);
  }, 120_000);
});
