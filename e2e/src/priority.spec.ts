import type { QueueDocument, TaskDocument } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import type { RunningPlatform } from './kit/platform.ts';
import { onBothShapes } from './kit/shapes.ts';

onBothShapes('priorities', (shape) => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await shape.start({ env: { WORKER_CONCURRENCY: '1' } });
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  const submit = async (priority: number | undefined, seconds = 0.01): Promise<TaskDocument> => {
    const options = { queue: shape.queue, ...(priority !== undefined && { priority }) };
    const body = { input: { seconds, value: priority ?? null }, options };
    const answer = await platform.rest.ask('/api/tasks/demo.wait_and_return', { body });
    expect(answer.status).toBe(202);
    return answer.json<TaskDocument>();
  };

  test('with one slot and a backlog of low ones, what is high and came last runs next; the low ones all run', async () => {
    const { rest } = platform;
    const first = await submit(undefined, 3);
    await eventually(async () => (await rest.ask(`/api/tasks/${first.id}`)).json<TaskDocument>().state === 'STARTED');
    const low = [];
    for (let n = 0; n < 20; n += 1) low.push(await submit(1));
    const ordinary = await submit(undefined);
    const high = await submit(9);
    const queue = (await rest.ask(`/api/queues/${shape.queue}`)).json<QueueDocument>();
    expect(queue.name).toBe(shape.queue);
    const ended = await Promise.all([high, ordinary, ...low].map(({ id }) => rest.ended(id)));
    expect(ended.map(({ state }) => state)).toEqual(Array(22).fill('SUCCESS'));
    const order = ended.toSorted((a, b) => Date.parse(a.startedAt!) - Date.parse(b.startedAt!)).map(({ id }) => id);
    expect(order.slice(0, 2)).toEqual([high.id, ordinary.id]);
    // No level is a queue to anybody else.
    const { items } = (await rest.ask('/api/queues')).json<{ items: QueueDocument[] }>();
    expect(items.map(({ name }) => name).filter((name) => name.includes('~'))).toEqual([]);
  }, 60_000);
});
