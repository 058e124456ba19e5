import { newId } from '@lovage/foundation';
import type { TaskLogList } from '@lovage/http-api';
import { TestGateway } from '../../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

interface Event {
  id: number;
  event: string;
  /** Some of what each kind has. */
  data: { state?: string; progress?: { percent: number }; message?: string };
}

/** A client of one stream. */
class EventsClient {
  readonly events: Event[] = [];
  private text = '';
  private constructor(
    readonly response: Response,
    private readonly reader: ReadableStreamDefaultReader<string>,
    private readonly abort: AbortController,
  ) {}

  static async open(id: string, lastEventId?: number | string, of = gateway): Promise<EventsClient> {
    const abort = new AbortController();
    const headers = {
      ...(await of.credentials('viewer')),
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    };
    const response = await fetch(`${await of.gateway.url}/api/tasks/${id}/events`, { headers, signal: abort.signal });
    const body = response.body ?? new Response('').body!;
    return new EventsClient(response, body.pipeThrough(new TextDecoderStream()).getReader(), abort);
  }

  /** The next event; undefined at the end. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end !== -1) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        if (field('data') === undefined) continue;
        const event = {
          id: Number(field('id')),
          event: field('event')!,
          data: JSON.parse(field('data')!) as Event['data'],
        };
        this.events.push(event);
        return event;
      }
      const { done, value } = await this.reader.read();
      if (done) return undefined;
      this.text += value;
    }
  }

  async rest(): Promise<Event[]> {
    const from = this.events.length;
    while (await this.next());
    return this.events.slice(from);
  }

  close(): void {
    this.abort.abort();
    this.reader.cancel().catch(() => undefined);
  }
}

const submit = async (): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
const set = (id: string, columns: string) => gateway.db.query(`update tasks set ${columns} where id = $1`, [id]);
const claim = (id: string) =>
  set(id, `state = 'STARTED', claim_worker = gen_random_uuid(), claim_no = 1, worker = 'w1', started_at = now()`);
const progress = (id: string, percent: number) =>
  set(id, `state = 'PROGRESS', progress = '{"percent":${percent}}', progress_no = progress_no + 1`);
const log = (id: string, no: number, message: string, level = 'info') =>
  gateway.db.query(
    `insert into task_logs (task_id, no, attempt, at, level, message, fields) values ($1, $2, 1, now(), $3, $4, '{"a":1}')`,
    [id, no, level, message],
  );
const brief = ({ event, data }: Event): string =>
  `${event} ${event === 'state' ? data.state : event === 'progress' ? data.progress!.percent : data.message}`;

test('a task is followed from its submit to its end, with rising ids', async () => {
  const id = await submit();
  const client = await EventsClient.open(id);
  expect(client.response.status).toBe(200);
  expect(client.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(client.response.headers.get('cache-control')).toContain('no-store');
  expect(client.response.headers.get('x-accel-buffering')).toBe('no');
  expect(client.response.headers.get('x-request-id')).toBeTruthy();
  const first = (await client.next())!;
  expect(first).toEqual({
    id: expect.any(Number),
    event: 'state',
    data: { ...(await gateway.ask(`/api/tasks/${id}`)).json(), omitted: [], href: `/api/tasks/${id}` },
  });
  await claim(id);
  expect(brief((await client.next())!)).toBe('state STARTED');
  await log(id, 1, 'one');
  expect(await client.next()).toMatchObject({
    event: 'log',
    data: { no: 1, attempt: 1, level: 'info', message: 'one', fields: { a: 1 } },
  });
  await progress(id, 10);
  expect(brief((await client.next())!)).toBe('progress 10');
  expect(brief((await client.next())!)).toBe('state PROGRESS');
  await progress(id, 20);
  expect(brief((await client.next())!)).toBe('progress 20');
  await log(id, 2, 'two');
  await gateway.finish(id, 'SUCCESS', 3);
  const rest = await client.rest();
  expect(rest.map(brief)).toEqual(['log two', 'state SUCCESS']);
  expect(rest.at(-1)!.data).toMatchObject({ result: 3, progress: { percent: 20 } });
  const ids = client.events.map((event) => event.id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
});

test('wherever a stream breaks off, Last-Event-ID goes on behind it, on another gateway too', async () => {
  const id = await submit();
  await claim(id);
  await log(id, 1, 'one');
  await log(id, 2, 'two');
  await progress(id, 50);
  await gateway.finish(id, 'FAILURE', { type: 'E', message: 'm' });
  const all = await (await EventsClient.open(id)).rest();
  expect(all.map(brief)).toEqual(['log one', 'log two', 'progress 50', 'state FAILURE']);
  for (let seen = 0; seen < all.length - 1; seen += 1) {
    const rest = await (await EventsClient.open(id, all[seen]!.id)).rest();
    expect(rest).toEqual(all.slice(seen + 1));
  }
  // Nothing is left: the one answer after which an EventSource stays away.
  const done = await EventsClient.open(id, all.at(-1)!.id);
  expect(done.response.status).toBe(204);
});

test('a retry raises the ids, although the state goes back', async () => {
  const id = await submit();
  await claim(id);
  await progress(id, 90);
  const client = await EventsClient.open(id);
  await client.next();
  await client.next();
  await set(id, `state = 'RETRY', turn = 1, retries = 1, claim_worker = null, claim_no = null`);
  expect(brief((await client.next())!)).toBe('state RETRY');
  await claim(id);
  expect(brief((await client.next())!)).toBe('state STARTED');
  await set(id, `state = 'QUEUED', suspected = 1, claim_worker = null, claim_no = null`);
  expect(brief((await client.next())!)).toBe('state QUEUED');
  await gateway.finish(id, 'SUCCESS', 1);
  await client.rest();
  const ids = client.events.map((event) => event.id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
});

test('many follow one task, and each hears all of it', async () => {
  const id = await submit();
  const clients = await Promise.all(Array.from({ length: 20 }, () => EventsClient.open(id)));
  await Promise.all(clients.map((client) => client.next()));
  await claim(id);
  await Promise.all(clients.map((client) => client.next()));
  await gateway.finish(id, 'SUCCESS', 3);
  for (const client of clients) expect((await client.rest()).map(brief)).toEqual(['state SUCCESS']);
});

test('a task that retention deletes ends its streams', async () => {
  const id = await submit();
  const client = await EventsClient.open(id);
  await client.next();
  await gateway.db.query('delete from tasks where id = $1', [id]);
  expect(await client.rest()).toEqual([]);
});

test('a user has a bounded number of streams; a closed one makes room', async () => {
  const id = await submit();
  const clients = await Promise.all(Array.from({ length: 50 }, () => EventsClient.open(id)));
  const refused = await EventsClient.open(id);
  expect(refused.response.status).toBe(429);
  expect(refused.response.headers.get('retry-after')).toBe('5');
  for (const client of clients) client.close();
  for (;;) {
    const again = await EventsClient.open(id);
    if (again.response.status === 200) {
      again.close();
      break;
    }
  }
});

test('a stop of the gateway ends the streams, and another goes on', async () => {
  await using other = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 } });
  const id = (await other.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
  const client = await EventsClient.open(id, undefined, other);
  await client.next();
  const stopped = other.gateway.stop();
  expect(await client.rest()).toEqual([]);
  await stopped;
});

test.each(['x', '-1', '1.5', '1e3', '9'.repeat(16)])('Last-Event-ID %s is refused', async (lastEventId) => {
  const answer = await gateway.ask(`/api/tasks/${await submit()}/events`, {
    headers: { 'last-event-id': lastEventId },
  });
  expect(answer.problem()).toMatchObject({ code: 'header_invalid', errors: [{ path: 'headers.last-event-id' }] });
});

describe('logs', () => {
  test('page by page, oldest first, from a level on', async () => {
    const id = await submit();
    for (const [i, level] of ['debug', 'info', 'warn', 'error', 'info'].entries())
      await log(id, i + 1, `line ${i + 1}`, level);
    const read = async (query = '') =>
      (await gateway.ask(`/api/tasks/${id}/logs${query}`, { as: 'viewer' })).json<TaskLogList>();
    const one = await read('?limit=3');
    expect(one.items.map(({ no }) => no)).toEqual([1, 2, 3]);
    expect(one.items[0]).toEqual({
      no: 1,
      attempt: 1,
      at: expect.stringMatching(/Z$/),
      level: 'debug',
      message: 'line 1',
      fields: { a: 1 },
    });
    const two = await read(`?limit=3&cursor=${one.nextCursor}`);
    expect(two.items.map(({ no }) => no)).toEqual([4, 5]);
    expect(two.nextCursor).toBeNull();
    expect((await read('?level=warn')).items.map(({ no }) => no)).toEqual([3, 4]);
  });

  test.each(['?limit=0', '?limit=1001', '?level=loud', '?cursor=zzz', '?tail=1'])('%s is refused', async (query) => {
    expect((await gateway.ask(`/api/tasks/${await submit()}/logs${query}`)).problem().code).toBe('query_invalid');
  });
});

test('an unknown task has neither, and a stranger gets neither', async () => {
  for (const part of ['events', 'logs']) {
    expect((await gateway.ask(`/api/tasks/${newId()}/${part}`)).problem().code).toBe('task_unknown');
    expect((await gateway.ask(`/api/tasks/${newId()}/${part}`, { as: null })).status).toBe(401);
  }
});
