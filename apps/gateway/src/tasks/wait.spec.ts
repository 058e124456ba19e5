import { eventually } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const submit = (prefer: string, headers: Record<string, string> = {}) =>
  gateway.ask('/api/tasks/math.divide', { body: { input: { x: 1, y: 2 } }, headers: { prefer, ...headers } });
const newest = async (): Promise<string> =>
  (
    await gateway.db.query<{ id: string }>('select id from tasks where finished_at is null order by id desc limit 1')
  )[0]!.id;

/** Submits, ends the task while the answer is held back, and gives both. */
async function submitAndEnd(prefer: string, end: (id: string) => Promise<void>) {
  const answering = submit(prefer);
  await eventually(() => gateway.gateway.openWaits === 1);
  await end(await newest());
  return answering;
}

test('a task that ends in time is answered 200 with its result', async () => {
  const answer = await submitAndEnd('wait=20', (id) => gateway.finish(id, 'SUCCESS', 0.5));
  expect(answer.status).toBe(200);
  expect(answer.headers['preference-applied']).toBe('wait=20');
  expect(answer.json()).toMatchObject({
    state: 'SUCCESS',
    result: 0.5,
    attempt: 1,
    worker: 'w1',
    finishedAt: expect.any(String),
  });
  expect(answer.headers['location']).toBe(`/api/tasks/${answer.json().id}`);
  expect(gateway.gateway.openWaits).toBe(0);
});

test('so is one that fails, with its error', async () => {
  const error = { type: 'DivisionByZero', message: 'DivisionByZero', data: { x: 1 } };
  const answer = await submitAndEnd('wait=20', (id) => gateway.finish(id, 'FAILURE', error));
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({ state: 'FAILURE', result: null, error });
});

test('one that does not is answered 202 with the task as it stands', async () => {
  const answer = await submit('wait=1');
  expect(answer.status).toBe(202);
  expect(answer.headers['preference-applied']).toBe('wait=1');
  expect(answer.json().state).toBe('QUEUED');
});

test.each(['wait=0', 'wait=-1', 'wait=soon', 'respond-async', 'wait', 'xwait=5'])(
  '%j asks for no wait',
  async (prefer) => {
    const answer = await submit(prefer);
    expect(answer.status).toBe(202);
    expect(answer.headers).not.toHaveProperty('preference-applied');
  },
);

test('an ended task behind an idempotency key is answered at once', async () => {
  const { id } = (await submit('wait=0', { 'idempotency-key': 'k' })).json();
  await gateway.finish(id, 'SUCCESS', 0.5);
  const again = await submit('wait=20', { 'idempotency-key': 'k' });
  expect(again.status).toBe(200);
  expect(again.json()).toMatchObject({ id, state: 'SUCCESS' });
});

test('beyond fifty waits of a user a submit is answered 202 at once; others wait as before', async () => {
  const held = Array.from({ length: 50 }, () => submit('wait=20'));
  await eventually(() => gateway.gateway.openWaits === 50);
  const over = await submit('wait=20');
  expect(over.status).toBe(202);
  expect(over.headers).not.toHaveProperty('preference-applied');
  const other = gateway.ask('/api/tasks/math.divide', {
    as: 'admin',
    body: { input: { x: 1, y: 2 } },
    headers: { prefer: 'wait=20' },
  });
  await eventually(() => gateway.gateway.openWaits === 51);
  const waiting = await gateway.db.query<{ id: string }>('select id from tasks where finished_at is null');
  for (const { id } of waiting) await gateway.finish(id, 'SUCCESS', 0.5);
  for (const answer of [...(await Promise.all(held)), await other]) expect(answer.status).toBe(200);
  // Their places are free again.
  expect((await submit('wait=1')).headers['preference-applied']).toBe('wait=1');
});
