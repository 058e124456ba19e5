import type { TaskCountsDocument, TaskList } from '@lovage/http-api';
import { TestGateway } from '../../testing/test-gateway.ts';

let gateway: TestGateway;
const ids: string[] = [];
beforeAll(async () => {
  gateway = await TestGateway.start();
  for (const [name, input] of [
    ['math.add', { x: 1, y: 2 }],
    ['math.divide', { x: 1, y: 2 }],
    ['math.add', { x: 3, y: 4 }],
    ['text.process_word', { word: 'a needle in hay' }],
  ] as const) {
    const answer = await gateway.ask('/api/tasks', { body: { name, input } });
    expect(answer.status).toBe(202);
    ids.push(answer.json().id);
  }
  await gateway.finish(ids[0]!, 'SUCCESS', 3);
  await gateway.finish(ids[1]!, 'FAILURE', { type: 'DivisionByZero', message: 'no' });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const list = async (query = ''): Promise<TaskList> => {
  const answer = await gateway.ask(`/api/tasks${query}`, { as: 'viewer' });
  expect(answer.status).toBe(200);
  return answer.json<TaskList>();
};
const found = async (query: string): Promise<number[]> => (await list(query)).items.map(({ id }) => ids.indexOf(id));

test('tasks come as documents, newest first', async () => {
  const { items, nextCursor, searchedTo } = await list();
  expect(items.map(({ id }) => id)).toEqual([...ids].reverse());
  expect([nextCursor, searchedTo]).toEqual([null, null]);
  const one = (await gateway.ask(`/api/tasks/${ids[0]}`)).json();
  expect(items.at(-1)).toEqual({ ...one, omitted: [] });
});

test('page by page, each once', async () => {
  const seen: string[] = [];
  let query = '?limit=3';
  for (let pages = 0; ; pages += 1) {
    const { items, nextCursor } = await list(query);
    seen.push(...items.map(({ id }) => id));
    if (nextCursor === null) {
      expect(pages).toBe(1);
      break;
    }
    query = `?limit=3&cursor=${nextCursor}`;
  }
  expect(seen).toEqual([...ids].reverse());
});

test.each<[string, number[]]>([
  ['?state=SUCCESS', [0]],
  ['?state=SUCCESS,FAILURE', [1, 0]],
  ['?state=SUCCESS&state=QUEUED', [3, 2, 0]],
  ['?name=math.add', [2, 0]],
  ['?name=math.add&state=QUEUED', [2]],
  ['?name=math.*', [2, 1, 0]],
  ['?name=math.*&state=FAILURE', [1]],
  ['?name=ma*h.*', []],
  ['?queue=default&limit=1', [3]],
  ['?queue=nowhere', []],
  ['?worker=w1', [1, 0]],
  ['?text=NEEDLE', [3]],
  ['?text=DivisionBy', [1]],
  ['?createdFrom=2020-01-01T00:00:00Z&createdTo=2020-01-02T00:00:00%2B02:00', []],
  ['?finishedFrom=2020-01-01T00:00:00Z', [1, 0]],
])('%s', async (query, expected) => {
  expect(await found(query)).toEqual(expected);
});

test('whose they are', async () => {
  expect(await found(`?user=${gateway.userId}`)).toEqual([3, 2, 1, 0]);
  expect(await found(`?user=${ids[0]}`)).toEqual([]);
});

test.each<[string, string[]]>([
  ['?state=DONE', ['query.state.0']],
  ['?state=', ['query.state.0']],
  ['?limit=0', ['query.limit']],
  ['?limit=201', ['query.limit']],
  ['?limit=ten', ['query.limit']],
  ['?limit=1&limit=2', ['query.limit']],
  ['?limit=-1&name=', ['query.name', 'query.limit']],
  ['?name=a%00b', ['query.name']],
  ['?text=%00', ['query.text']],
  [`?text=${'x'.repeat(201)}`, ['query.text']],
  ['?user=me', ['query.user']],
  ['?createdFrom=yesterday', ['query.createdFrom']],
  ['?createdFrom=2020-01-01T00:00:00', ['query.createdFrom']],
  ['?cursor=x', ['query.cursor']],
  ['?cursor=', ['query.cursor']],
  [`?cursor=${Buffer.from('1.00000000-0000-0000-0000-00000000000g').toString('base64url')}`, ['query.cursor']],
  [
    `?cursor=${Buffer.from('999999999999999.00000000-0000-0000-0000-000000000000').toString('base64url')}`,
    ['query.cursor'],
  ],
  ['?page=2', ['query.page']],
  ['?__proto__=1', ['query.__proto__']],
])('%s is refused', async (query, paths) => {
  const answer = await gateway.ask(`/api/tasks${query}`);
  expect(answer.status).toBe(422);
  expect(answer.problem()).toMatchObject({ code: 'query_invalid' });
  expect(answer.problem().errors.map(({ path }) => path)).toEqual(paths);
});

test('sorted: each order has cursors of its own', async () => {
  expect(await found('?sort=newest')).toEqual([3, 2, 1, 0]);
  expect(await found('?sort=oldest')).toEqual([0, 1, 2, 3]);
  expect(await found('?sort=oldest&state=QUEUED')).toEqual([2, 3]);
  expect(await found('?sort=ended')).toEqual([1, 0]);
  for (const sort of ['oldest', 'ended', 'newest']) {
    const { nextCursor } = await list(`?limit=1&sort=${sort}`);
    const [second] = (await list(`?limit=1&sort=${sort}&cursor=${nextCursor}`)).items;
    expect(second!.id).toBe((await list(`?sort=${sort}`)).items[1]!.id);
    for (const other of ['oldest', 'ended', 'newest'])
      if (other !== sort)
        expect((await gateway.ask(`/api/tasks?sort=${other}&cursor=${nextCursor}`)).problem()).toMatchObject({
          code: 'query_invalid',
        });
  }
  expect((await gateway.ask('/api/tasks?sort=ran')).problem().errors[0]?.path).toBe('query.sort');
});

test('counts name every state', async () => {
  const answer = await gateway.ask('/api/tasks/counts', { as: 'viewer' });
  const { states, approximate } = answer.json<TaskCountsDocument>();
  expect(approximate).toBe(false);
  expect(Object.keys(states)).toHaveLength(11);
  expect(states.QUEUED).toBe(2);
});

test('strangers see nothing', async () => {
  for (const path of ['/api/tasks', '/api/tasks/counts'])
    expect((await gateway.ask(path, { as: null })).problem().code).toBe('unauthenticated');
});
