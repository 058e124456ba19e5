import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

const python = defineTask({
  ...{ name: 'app.tasks.Train', foreign: 'celery', summary: 'Trains a model' },
  input: z.strictObject({ model: z.string() }),
  output: z.object({ loss: z.number() }),
  defaults: { queue: 'ml' },
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [python] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const post = (path: string, body: unknown) => gateway.ask(path, { body });

test('a declared task of Celery workers is submitted as any other', async () => {
  const answer = await post('/api/tasks/app.tasks.Train', { input: { model: 'small' } });
  expect(answer.status).toBe(202);
  expect(answer.json()).toMatchObject({ name: 'app.tasks.Train', queue: 'ml', input: { model: 'small' } });
  const message = gateway.broker.sent.at(-1)!;
  expect(message).toMatchObject({ queue: 'ml', replyTo: 'lovage.foreign-results' });
  expect(JSON.parse(String(message.body))).toMatchObject([[], { model: 'small' }, {}]);
});

test('its input is checked, and options that its workers would not follow are refused', async () => {
  expect((await post('/api/tasks/app.tasks.Train', { input: { modell: 'x' } })).status).toBe(422);
  const retry = await post('/api/tasks/app.tasks.Train', {
    ...{ input: { model: 'small' }, options: { retry: { maxAttempts: 3 } } },
  });
  expect(retry.status).toBe(422);
  expect(retry.json()).toMatchObject({ code: 'options_invalid', errors: [{ path: 'options.retry' }] });
});

test('a task that no contract declares goes by its name, with its arguments, to the queue that is named', async () => {
  const body = { name: 'legacy.tasks.add', args: [1, 2], kwargs: { z: 3 }, options: { queue: 'python', priority: 7 } };
  const answer = await post('/api/tasks', body);
  expect(answer.status).toBe(202);
  const { id } = answer.json() as { id: string };
  expect(answer.json()).toMatchObject({
    name: 'legacy.tasks.add',
    queue: 'python',
    state: 'QUEUED',
    priority: 7,
    input: null,
  });
  const message = gateway.broker.sent.at(-1)!;
  expect(message).toMatchObject({ queue: 'python', correlationId: id, priority: 7 });
  expect(JSON.parse(String(message.body))).toMatchObject([[1, 2], { z: 3 }, {}]);
  expect((await gateway.ask(`/api/tasks/${id}`)).json()).toMatchObject({ id, name: 'legacy.tasks.add' });
});

test('in a batch too', async () => {
  const answer = await post('/api/tasks/batch', {
    tasks: [
      { name: 'legacy.tasks.add', kwargs: { x: 1 }, options: { queue: 'python' } },
      { name: 'legacy.tasks.add', input: { x: 1 } },
    ],
  });
  expect(answer.json()).toMatchObject({
    items: [
      { status: 202, task: { input: { x: 1 } } },
      { status: 404, problem: { code: 'contract_unknown' } },
    ],
  });
});

test.each([
  ['no queue', { name: 'legacy.add', args: [1] }, 'options.queue'],
  ['input beside arguments', { name: 'legacy.add', args: [1], input: {}, options: { queue: 'python' } }, 'input'],
  ['arguments that are no list', { name: 'legacy.add', args: { x: 1 }, options: { queue: 'python' } }, 'args'],
])('%s is refused', async (_what, body, path) => {
  const answer = await post('/api/tasks', body);
  expect(answer.status).toBe(422);
  expect(answer.json()).toMatchObject({ errors: [{ path }] });
});
