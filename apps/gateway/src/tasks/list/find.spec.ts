import type { RevokeManyAnswer, TaskCountsDocument, TaskList } from '@lovage/http-api';
import { TestGateway } from '../../testing/test-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
});
afterEach(() => gateway[Symbol.asyncDispose]());

const submit = async (options: object = {}, input: object = { x: 1, y: 2 }): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input, options } })).json().id;
const found = async (query: string): Promise<string[]> => {
  const answer = await gateway.ask(`/api/tasks?${query}`, { as: 'viewer' });
  return answer.json<TaskList>().items.map(({ id }) => id);
};

test('tags: listed, counted, shown, kept by a retry, and revoked by', async () => {
  const [a, both] = [await submit({ tags: ['a'] }), await submit({ tags: ['a', 'b'] })];
  await submit();
  expect(await found('tag=a')).toEqual([both, a]);
  expect(await found('tag=a&tag=b')).toEqual([both]);
  expect((await gateway.ask(`/api/tasks/${both}`)).json()).toMatchObject({ tags: ['a', 'b'], scheduledFor: null });
  const counts = (await gateway.ask('/api/tasks/counts?tag=a')).json<TaskCountsDocument>();
  expect([counts.states.QUEUED, counts.countedFrom]).toEqual([2, null]);
  await gateway.finish(a, 'FAILURE', { type: 'Error', message: 'no' });
  const retried = (await gateway.ask('/api/tasks/retry', { body: { filter: { tag: 'a' } } })).json();
  expect(retried).toMatchObject({ submitted: 1 });
  const [again] = await found(`retriedFrom=${a}`);
  expect((await gateway.ask(`/api/tasks/${again}`)).json()).toMatchObject({ tags: ['a'], retriedFrom: a });
  const one = (await gateway.ask(`/api/tasks/${a}/retry`, { body: {} })).json();
  expect((await gateway.ask(`/api/tasks/${one.id}`)).json()).toMatchObject({ tags: ['a'] });
  const answer = (await gateway.ask('/api/tasks/revoke', { body: { filter: { tag: ['a', 'b'] } } })).json();
  expect(answer).toMatchObject({ revoked: 1 } satisfies Partial<RevokeManyAnswer>);
});

test('a fan-out: its children are listed, counted and revoked as one', async () => {
  const [parent, child, other] = [await submit(), await submit(), await submit()];
  await gateway.db.query('update tasks set parent_id = $1, root_id = $1 where id = $2', [parent, child]);
  expect(await found(`parent=${parent.toUpperCase()}`)).toEqual([child]);
  expect(await found(`root=${parent}`)).toEqual([child, parent]);
  const counts = (await gateway.ask(`/api/tasks/counts?parent=${parent}`)).json<TaskCountsDocument>();
  expect(counts.states.QUEUED).toBe(1);
  const answer = await gateway.ask('/api/tasks/revoke', { body: { filter: { parent } } });
  expect(answer.json()).toMatchObject({ revoked: 1, nextCursor: null });
  expect((await gateway.ask(`/api/tasks/${other}`)).json().state).toBe('QUEUED');
});

test('fields of the input', async () => {
  const id = await submit({}, { x: 17, y: 2 });
  await submit({}, { x: 1, y: 2 });
  expect(await found('field=x=17')).toEqual([id]);
  expect(await found('field=x=17&field=y=3')).toEqual([]);
});

test.each([
  ['tag=', 'query.tag.0'],
  [`tag=${'x'.repeat(101)}`, 'query.tag.0'],
  ['parent=1', 'query.parent'],
  ['root=x', 'query.root'],
  ['retriedFrom=', 'query.retriedFrom'],
  ['field=x', 'query.field.0'],
  ['field=.=1', 'query.field.0'],
  ['field=x=%00', 'query.field.0'],
])('%s is refused', async (query, path) => {
  for (const route of ['/api/tasks', '/api/tasks/counts']) {
    const answer = await gateway.ask(`${route}?${query}`);
    expect([answer.status, answer.problem().errors[0]?.path]).toEqual([422, path]);
  }
});
