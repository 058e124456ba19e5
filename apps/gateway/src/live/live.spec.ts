import { taskIdOf } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import {
  LiveCounts,
  LivePlatform,
  type LiveEvents,
  LiveQueues,
  LiveTasks,
  LiveThroughput,
  LiveWorkers,
  type WorkerList,
} from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { EventClient } from '../testing/event-client.ts';
import { TestGateway } from '../testing/test-gateway.ts';
import { LiveReader } from './live-reader.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 }, proxied: true });
});
beforeEach(() => gateway.db.query('truncate workers, tasks, outbox cascade'));
afterAll(() => gateway[Symbol.asyncDispose]());

const SCHEMAS = {
  ...{
    counts: LiveCounts,
    throughput: LiveThroughput,
    queues: LiveQueues,
    workers: LiveWorkers,
    platform: LivePlatform,
    tasks: LiveTasks,
  },
};
type Topic = keyof typeof SCHEMAS;
const open = async (query = '', of = gateway): Promise<EventClient> =>
  EventClient.open(`${await of.gateway.url}/api/live${query}`, await of.credentials('viewer'));
/** The next event of a topic, as its schema has it, that `wanted` holds for. */
async function next<T extends Topic>(
  client: EventClient,
  topic: T,
  wanted: (data: LiveEvents[T]) => boolean = () => true,
): Promise<LiveEvents[T]> {
  const { data } = await client.until(({ event, data: of }) => event === topic && wanted(of as LiveEvents[T]));
  return SCHEMAS[topic].parse(data) as LiveEvents[T];
}
const submit = async (): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
const worker = (name: string) =>
  gateway.db.query(
    `insert into workers (id, name, lease_until, info) values ($1, $2, now() + interval '1 min', '{"queues":["default"]}')`,
    [newId(), name],
  );
const reader = () => gateway.gateway.http.get(LiveReader, { strict: false });

test('every topic as it is, then what changes', async () => {
  using client = await open();
  expect(client.response.status).toBe(200);
  expect(client.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(client.response.headers.get('x-accel-buffering')).toBe('no');
  const first = new Map<string, LiveEvents[Topic]>();
  while (first.size < 5) {
    // Not that a topic could not be read yet, on a busy machine.
    const { event, data, id } = await client.until((one) => one.event in SCHEMAS);
    expect(id).toBeUndefined();
    first.set(event, SCHEMAS[event as Topic].parse(data) as LiveEvents[Topic]);
  }
  expect(first.get('counts')).toMatchObject({ states: { QUEUED: 0 }, approximate: false });
  expect(first.get('throughput')).toMatchObject({ seconds: 5, startedPerSecond: 0, endedPerSecond: { SUCCESS: 0 } });
  expect((first.get('queues') as LiveQueues).items).toContainEqual(
    expect.objectContaining({ name: 'default', waiting: 0 }),
  );
  expect(first.get('platform')).toMatchObject({ broker: 'up', beats: [] });
  expect(first.get('workers')).toMatchObject({ whole: true, items: [], gone: [] });
  await worker('w1');
  const { items } = await next(client, 'workers');
  expect(items).toMatchObject([{ name: 'w1', status: 'live' }]);
  const [id] = [await submit(), await submit()];
  await next(client, 'counts', ({ states }) => states.QUEUED === 2);
  await next(client, 'queues', (queues) =>
    queues.items.some(({ name, waiting }) => name === 'default' && waiting === 2),
  );
  await gateway.finish(id, 'SUCCESS', 3);
  const ended = await next(client, 'throughput', ({ endedPerSecond }) => endedPerSecond.SUCCESS > 0);
  expect(ended.startedPerSecond).toBeGreaterThan(0);
  await gateway.db.query('delete from workers');
  expect(await next(client, 'workers', ({ gone }) => gone.length > 0)).toMatchObject({
    ...{ whole: false, items: [], gone: [items[0]!.id] },
  });
  expect((await gateway.ask('/api/workers?status=dead,stopped')).json<WorkerList>().items).toHaveLength(1);
});

test('of a filter which tasks came, changed, left and were deleted; others are not told', async () => {
  const [one, two, three] = [await submit(), await submit(), await submit()];
  using client = await open('?topics=tasks&state=QUEUED&name=math.add');
  const whole = await next(client, 'tasks');
  expect(whole).toMatchObject({ whole: true, left: [], more: false });
  expect(whole.items.map(({ id, state, isNew }) => [id, state, isNew])).toEqual([
    [three, 'QUEUED', false],
    [two, 'QUEUED', false],
    [one, 'QUEUED', false],
  ]);
  await gateway.db.query(`update tasks set retries = 1, turn = 1 where id = $1`, [two]);
  expect(await next(client, 'tasks')).toMatchObject({
    ...{ whole: false, left: [], more: false, items: [{ id: two, retries: 1, isNew: false }] },
  });
  await gateway.finish(one, 'FAILURE', { type: 'E', message: 'm' });
  expect(await next(client, 'tasks')).toMatchObject({ items: [], left: [{ id: one, state: 'FAILURE' }] });
  await gateway.db.query('delete from tasks where id = $1', [three]);
  expect(await next(client, 'tasks')).toMatchObject({ items: [], left: [{ id: three, state: null }] });
  const four = await submit();
  expect(await next(client, 'tasks')).toMatchObject({ items: [{ id: four, state: 'QUEUED', isNew: true }], left: [] });
});

test('tasks that are named are told however many newer ones there are, by the id that they were named by', async () => {
  const [mine, foreign] = [await submit(), newId()];
  await gateway.db.query(
    `insert into tasks (id, wire_id, name, queue, state) values ($1, 'celery-7', 'math.add', 'default', 'QUEUED')`,
    [taskIdOf('celery-7')],
  );
  await gateway.db.query(
    `insert into tasks (id, name, queue, state, created_at) select gen_random_uuid(), 'math.add', 'default', 'QUEUED', now() + interval '1 s' from generate_series(1, 250)`,
  );
  using client = await open(`?topics=tasks&state=QUEUED&watch=${mine.toUpperCase()}&watch=celery-7&watch=${foreign}`);
  using other = await open('?topics=tasks&state=QUEUED');
  const { items, left } = await next(client, 'tasks');
  expect([items.length, items.slice(-2).map(({ id }) => id)]).toEqual([202, [mine, 'celery-7']]);
  expect(left).toEqual([{ id: foreign, state: null }]);
  expect((await next(other, 'tasks')).items).toHaveLength(200);
  await gateway.db.query(`update tasks set retries = 2 where wire_id = 'celery-7'`);
  expect(await next(client, 'tasks')).toMatchObject({
    whole: false,
    items: [{ id: 'celery-7', retries: 2 }],
    left: [],
  });
  await gateway.finish(mine, 'SUCCESS', 3);
  expect((await next(client, 'tasks')).left).toEqual([{ id: mine.toUpperCase(), state: 'SUCCESS' }]);
});

test.each([
  '&text=needle',
  '&field=x=1',
  '&tag=a',
  '&createdFrom=2020-01-01T00:00:00Z',
  '&finishedTo=2020-01-01T00:00:00Z',
])('a list of %s can be watched', async (filter) => {
  using client = await open(`?topics=tasks${filter}`);
  expect(await next(client, 'tasks')).toMatchObject({ whole: true, more: false });
});

test('more than can be told are told as such', async () => {
  await submit();
  using client = await open('?topics=tasks');
  await next(client, 'tasks', ({ items }) => items.length === 1);
  await gateway.db.query(
    `insert into tasks (id, name, queue, state) select gen_random_uuid(), 'math.add', 'default', 'QUEUED' from generate_series(1, 250)`,
  );
  expect(await next(client, 'tasks')).toMatchObject({ whole: false, items: [], left: [], more: true });
});

test('many watch, and each source is read once; when all have left, nothing is', async () => {
  const clients = await Promise.all([
    ...Array.from({ length: 10 }, () => open('?topics=counts,tasks&state=QUEUED&name=math.add')),
    ...Array.from({ length: 10 }, () => open('?topics=tasks&name=math.add&state=QUEUED&state=QUEUED')),
    open('?topics=tasks&name=math.add'),
  ]);
  await Promise.all(clients.map((client) => next(client, 'tasks')));
  expect(reader().size).toBe(3);
  const id = await submit();
  await Promise.all(
    clients.map((client) => next(client, 'tasks', ({ items }) => items.some((item) => item.id === id))),
  );
  for (const client of clients) client.close();
  await eventually(() => reader().size === 0);
});

test('while Postgres is away that is told once; afterwards all is told whole', async () => {
  using client = await open('?topics=tasks,counts');
  await next(client, 'tasks');
  await gateway.proxy.refuse();
  const unavailable = await client.until(({ event }) => event === 'unavailable');
  expect(unavailable.data).toMatchObject({ code: 'store_unavailable', detail: expect.any(String) as string });
  await client.until(({ event }) => event === 'unavailable');
  await gateway.proxy.heal();
  const topics = new Set<string>();
  await client.until(({ event }) => {
    expect(event).not.toBe('unavailable');
    return topics.add(event).size === 2;
  });
});

test('a stop of the gateway ends the streams', async () => {
  await using other = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 } });
  using client = await open('?topics=counts', other);
  await next(client, 'counts');
  const stopped = other.gateway.stop();
  while (await client.next());
  await stopped;
});

test('places are those of all streams of a user', async () => {
  const id = await submit();
  const events = `${await gateway.gateway.url}/api/tasks/${id}/events`;
  const headers = await gateway.credentials('viewer');
  // Streams of the test before may still be leaving: a place is tried for until it is free.
  const placed = async (n: number): Promise<EventClient> => {
    for (;;) {
      const client = await (n % 2 === 0 ? open('?topics=counts') : EventClient.open(events, headers));
      if (client.response.status === 200) return client;
      client.close();
    }
  };
  const clients = await Promise.all(Array.from({ length: 50 }, (_, n) => placed(n)));
  const refused = await open();
  expect([refused.response.status, refused.response.headers.get('retry-after')]).toEqual([429, '5']);
  for (const client of clients) client.close();
  await eventually(async () => {
    using again = await open('?topics=counts');
    return again.response.status === 200;
  });
});

test.each([
  ['?topics=all', 'query.topics.0'],
  ['?topics=', 'query.topics.0'],
  ['?name=math.add', 'query.topics'],
  ['?topics=tasks&state=DONE', 'query.state.0'],
  ['?topics=tasks&limit=5', 'query.limit'],
  ['?watch=a', 'query.topics'],
  ['?topics=tasks&watch=', 'query.watch.0'],
  [`?topics=tasks${'&watch=a'.repeat(101)}`, 'query.watch'],
])('%s is refused', async (query, path) => {
  const answer = await gateway.ask(`/api/live${query}`);
  expect([answer.status, answer.problem().errors[0]!.path]).toEqual([422, path]);
  expect((await gateway.ask(`/api/live${query}`, { as: null })).status).toBe(401);
});
