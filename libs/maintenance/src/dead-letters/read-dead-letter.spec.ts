import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { Delivery } from '@lovage/ports';
import { readDeadLetter } from './read-dead-letter.ts';

const id = newId();
const task = encodeTask({
  ...{
    id,
    name: 'math.add',
    inputJson: '{"x":1,"y":2}',
    rootId: id,
    parentId: null,
    retries: 0,
    generation: 3,
    hasRow: true,
  },
});

const died = (queue: string, reason: string, at: number | null = null) => ({ queue, reason, at, count: 1 });

function delivery(overrides: Partial<Delivery> = {}): Delivery {
  return {
    queue: 'lovage.dead',
    body: task.body,
    contentType: task.contentType,
    contentEncoding: task.contentEncoding,
    headers: task.headers,
    death: died('default', 'rejected'),
    correlationId: id,
    replyTo: undefined,
    priority: undefined,
    level: 'normal',
    redelivered: false,
    ack: () => undefined,
    nack: () => undefined,
    ...overrides,
  };
}
const withHeaders = (headers: Record<string, unknown>) => delivery({ headers: { ...task.headers, ...headers } });

test('how it died, as the broker tells', () => {
  const tell = (death: Delivery['death']) => {
    const { queue, reason, diedAt } = readDeadLetter(delivery({ death }));
    return [queue, reason, diedAt];
  };
  expect(tell(died('a', 'expired', 17))).toEqual(['a', 'expired', 17]);
  expect(tell(died('a', 'rejected'))).toEqual(['a', 'rejected', null]);
  expect(tell(undefined)).toEqual(['lovage.dead', 'unknown', null]);
});

test('a task with a chain behind it: refused by a worker that runs none, and readable', () => {
  const chain = [{ task: 'math.add', args: [], kwargs: {}, options: {} }];
  const parts = { rootId: null, parentId: null, retries: 0, generation: -1, hasRow: false };
  const { body } = encodeTask({ id, name: 'math.add', inputJson: '{"x":1,"y":2}', ...parts, embed: { chain } });
  const deadLetter = readDeadLetter(delivery({ body }));
  expect(deadLetter).toMatchObject({ reason: 'malformed', code: 'canvas_unsupported', taskId: id });
  expect(deadLetter.detail).toContain('"chain"');
  expect(deadLetter.task).toMatchObject({ input: '{"x":1,"y":2}', rootId: id });
  expect(JSON.parse(deadLetter.error)).toMatchObject({ type: 'MessageMalformed' });
  // Where workers run it, they refused it for something else, and its row keeps what was to follow.
  const run = readDeadLetter(delivery({ body }), { chords: false });
  expect(run).toMatchObject({ reason: 'rejected', code: null });
  expect(JSON.parse(run.task!.message!)).toMatchObject({ embed: { chain: [{ task: 'math.add' }] } });
  // What the broker gave up by itself says so.
  const death = died('default', 'expired');
  expect(JSON.parse(readDeadLetter(delivery({ body, death })).error)).toMatchObject({ type: 'MessageGivenUp' });
});

test('a task: what its row needs to know', () => {
  const deadLetter = readDeadLetter(delivery());
  expect(deadLetter).toMatchObject({
    reason: 'rejected',
    code: null,
    taskId: id,
    wireId: null,
    name: 'math.add',
    generation: 3,
    hadRow: true,
    resend: false,
    task: { id, name: 'math.add', queue: 'default', input: '{"x":1,"y":2}', message: null },
  });
  expect(JSON.parse(deadLetter.error)).toMatchObject({
    type: 'MessageGivenUp',
    data: { queue: 'default', reason: 'rejected' },
  });
});

test('its priority; a Celery program that states none says 0', () => {
  expect(readDeadLetter(delivery({ priority: 8 }))).toMatchObject({ priority: 8, task: { priority: 8 } });
  expect(readDeadLetter(delivery({ priority: 0 })).priority).toBe(0);
  const theirs = { task: 'math.add', id };
  expect(readDeadLetter(delivery({ headers: theirs, priority: 0 })).priority).toBeNull();
  expect(readDeadLetter(delivery({ headers: theirs, priority: 200 })).priority).toBe(200);
});

test('what a rule of the queue took away is sent again; what somebody refused is not', () => {
  for (const reason of ['expired', 'maxlen'])
    expect(readDeadLetter(delivery({ death: died('a', reason) })).resend).toBe(true);
  for (const reason of ['rejected', 'delivery_limit'])
    expect(readDeadLetter(delivery({ death: died('a', reason) })).resend).toBe(false);
  expect(readDeadLetter(delivery({ death: died('a', 'expired'), body: Buffer.from('{') })).resend).toBe(false);
});

test('no task: why, and what could be read of it', () => {
  const deadLetter = readDeadLetter(delivery({ body: Buffer.from('[[1], {},') }));
  expect(deadLetter).toMatchObject({ reason: 'malformed', code: 'body_not_json', taskId: id, name: 'math.add' });
  expect(JSON.parse(deadLetter.error)).toMatchObject({ type: 'MessageMalformed' });
  expect(deadLetter.task).toMatchObject({ id, name: 'math.add', input: null });
  const nothing = readDeadLetter(delivery({ headers: {}, body: Buffer.alloc(0), contentType: undefined }));
  expect(nothing).toMatchObject({ taskId: null, name: null, task: null, contentType: null, body: Buffer.alloc(0) });
});

test('an id that is no UUID is kept beside that of its row', () => {
  const { taskId, wireId, task: row } = readDeadLetter(withHeaders({ id: 'job-7' }));
  expect(wireId).toBe('job-7');
  expect(row).toMatchObject({ id: taskId, wireId: 'job-7' });
});

test('headers are kept as JSON, whatever they hold', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const bytes = Buffer.from('Python');
  const { headers } = readDeadLetter(
    withHeaders({ bytes, at: new Date(0), big: 2n ** 70n, nan: NaN, loop, nothing: undefined, 'x-delivery-count': 3 }),
  );
  const kept = JSON.parse(headers) as Record<string, unknown>;
  expect(kept).toMatchObject({
    bytes: 'Python',
    at: '1970-01-01T00:00:00.000Z',
    big: '1180591620717411303424',
    nan: 'NaN',
  });
  expect(Object.keys(kept)).not.toContain('x-delivery-count');
  expect(Object.keys(kept)).not.toContain('nothing');
});

test('a large body is kept in part', () => {
  const body = Buffer.alloc(3 * 1024 * 1024, 'x');
  const deadLetter = readDeadLetter(delivery({ body }));
  expect([deadLetter.body.length, deadLetter.bodySize]).toEqual([1024 * 1024, body.length]);
});

describe('the fingerprint', () => {
  const print = (overrides: Partial<Delivery>) => readDeadLetter(delivery(overrides)).fingerprint;
  const usual = print({});

  test('is that of the message, however often it is delivered', () => {
    expect(print({ redelivered: true })).toBe(usual);
    const { headers } = delivery();
    expect(print({ headers: { ...headers, 'x-delivery-count': 2, 'x-acquired-count': 3 } })).toBe(usual);
  });

  test('is another for another message', () => {
    const { headers } = delivery();
    const others = [
      print({ body: Buffer.from('x') }),
      print({ headers: { ...headers, id: newId() } }),
      print({ correlationId: 'x' }),
      print({ identity: '1' }),
      print({ identity: '2' }),
    ];
    expect(new Set([usual, ...others]).size).toBe(others.length + 1);
  });

  test.each<[boolean, Partial<Delivery>]>([
    [false, {}],
    [true, { redelivered: true }],
    [true, { headers: { 'x-delivery-count': 1 } }],
    [true, { headers: { 'x-acquired-count': 1 } }],
    [false, { headers: { 'x-delivery-count': 0 } }],
    [true, { identity: '7' }],
  ])('may have been written before: %s', (expected, overrides) => {
    expect(readDeadLetter(delivery(overrides)).redelivered).toBe(expected);
  });
});
