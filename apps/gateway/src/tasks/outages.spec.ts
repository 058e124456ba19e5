import { eventually } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';

const body = { input: { x: 1, y: 2 } };

test.each(['down', 'blocked'] as const)('with the broker %s a submit is accepted at once, and kept', async (state) => {
  await using gateway = await TestGateway.start();
  await gateway.ask('/api/tasks/math.divide', { body });
  gateway.broker.become(state);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const answer = await gateway.ask('/api/tasks/math.divide', { body });
    expect(answer.status).toBe(202);
    const { id, state: shown } = answer.json();
    expect(shown).toBe('PENDING');
    ids.push(id);
  }
  expect((await gateway.ask(`/api/tasks/${ids[0]}`)).json().state).toBe('PENDING');
  const kept = await gateway.db.query<{ task_id: string }>('select task_id from outbox order by task_id');
  expect(kept.map((row) => row.task_id)).toEqual(ids.sort());
  expect(gateway.broker.sent).toHaveLength(1);
});

describe('with Postgres away', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await TestGateway.start({ proxied: true });
    await gateway.ask('/api/tasks/math.divide', { body });
    await gateway.proxy.refuse();
  });
  afterEach(() => gateway[Symbol.asyncDispose]());

  test.each([
    ['GET', '/api/tasks/01890a5d-ac96-774b-bcce-b302099a8057', undefined],
    ['GET', '/api/users/me', undefined],
    ['POST', '/api/auth/login', { email: 'a@b.c', password: 'wrong' }],
    ['POST', '/api/tasks/math.divide', { ...body, options: { delay: '1h' } }],
  ] as const)('%s %s is 503, and says when to try again', async (method, url, payload) => {
    const answer = await gateway.ask(url, { method, body: payload });
    expect(answer.status).toBe(503);
    expect(answer.problem().code).toBe('store_unavailable');
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('the log tells path and client of what could not be served, not the query', async () => {
    await gateway.ask('/api/tasks?text=hunter2', { from: '203.0.113.7' });
    const said = gateway.log.entries.map(({ message, fields }) => ({ message, ...fields }));
    expect(said).toContainEqual(
      expect.objectContaining({ message: 'a request could not be served', path: '/api/tasks', method: 'GET' }),
    );
    expect(said).toContainEqual(expect.objectContaining({ message: 'refused', status: 503, address: '203.0.113.7' }));
    expect(JSON.stringify(said)).not.toContain('hunter2');
  });

  test('what the broker has confirmed is accepted all the same, and kept when Postgres is back', async () => {
    const answer = await gateway.ask('/api/tasks/math.divide', { body });
    expect(answer.status).toBe(202);
    const { id } = answer.json();
    expect(answer.json().state).toBe('QUEUED');
    expect(gateway.broker.sent.at(-1)?.headers['id']).toBe(id);
    await gateway.proxy.heal();
    await eventually(async () => (await gateway.ask(`/api/tasks/${id}`)).status === 200);
  });

  test('a wait for such a task ends with the task as it was accepted', async () => {
    const answer = await gateway.ask('/api/tasks/math.divide', { body, headers: { prefer: 'wait=1' } });
    expect(answer.status).toBe(202);
    expect(answer.json().state).toBe('QUEUED');
  });
});

test('with broker and Postgres away nothing is accepted', async () => {
  await using gateway = await TestGateway.start({ proxied: true });
  await gateway.proxy.refuse();
  gateway.broker.become('down');
  const answer = await gateway.ask('/api/tasks/math.divide', { body });
  expect(answer.status).toBe(503);
  expect(answer.problem().code).toBe('store_unavailable');
});
