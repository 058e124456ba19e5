import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { Delivery } from '@lovage/ports';
import { readLetter } from './read-letter.ts';

const id = newId();
const task = encodeTask({
  ...{
    id,
    name: 'math.add',
    inputJson: '{"x":1,"y":2}',
    rootId: id,
    parentId: null,
    retries: 0,
    turn: 3,
    hasRow: true,
  },
});

function delivery(overrides: Partial<Delivery> = {}): Delivery {
  return {
    queue: 'lovage.dead',
    body: task.body,
    contentType: task.contentType,
    contentEncoding: task.contentEncoding,
    headers: { ...task.headers, 'x-first-death-queue': 'default', 'x-first-death-reason': 'rejected' },
    correlationId: id,
    replyTo: undefined,
    priority: undefined,
    band: 'normal',
    redelivered: false,
    ack: () => undefined,
    nack: () => undefined,
    ...overrides,
  };
}
const withHeaders = (headers: Record<string, unknown>) => delivery({ headers: { ...task.headers, ...headers } });
/** As amqplib gives it. */
const death = (queue: string, reason: string) => ({
  ...{ count: 1, exchange: '', 'routing-keys': [queue], queue, reason },
  time: { '!': 'timestamp', value: 1_700_000_000 },
});

describe('how it died', () => {
  test.each([
    [
      'the Postgres broker',
      { 'x-first-death-queue': 'a', 'x-first-death-reason': 'rejected' },
      ['a', 'rejected', null],
    ],
    ['RabbitMQ', { 'x-death': [death('a', 'expired')] }, ['a', 'expired', 1_700_000_000_000]],
    [
      'RabbitMQ, the second time',
      { 'x-death': [death('b', 'maxlen'), death('a', 'rejected')], 'x-first-death-queue': 'a' },
      ['b', 'maxlen', 1_700_000_000_000],
    ],
    [
      'our adapter, in the place of a server',
      { 'x-death': [death('a', 'expired')], 'x-lovage-death': { queue: 'c', reason: 'rejected' } },
      ['c', 'rejected', null],
    ],
    ['nobody', {}, ['lovage.dead', 'unknown', null]],
    [
      'nonsense',
      { 'x-death': 'x', 'x-first-death-queue': 7, 'x-lovage-death': null },
      ['lovage.dead', 'unknown', null],
    ],
  ])('told by %s', (_, headers, expected) => {
    const { queue, reason, diedAt } = readLetter(withHeaders(headers));
    expect([queue, reason, diedAt]).toEqual(expected);
  });
});

test('a task with a chain behind it: refused by its worker for that, and readable', () => {
  const chain = [{ task: 'math.add', args: [], kwargs: {}, options: {} }];
  const parts = { rootId: null, parentId: null, retries: 0, turn: -1, hasRow: false };
  const { body } = encodeTask({ id, name: 'math.add', inputJson: '{"x":1,"y":2}', ...parts, embed: { chain } });
  const letter = readLetter(delivery({ body }));
  expect(letter).toMatchObject({ reason: 'malformed', code: 'canvas_unsupported', taskId: id });
  expect(letter.detail).toContain('"chain"');
  expect(letter.task).toMatchObject({ input: '{"x":1,"y":2}', rootId: id });
  expect(JSON.parse(letter.error)).toMatchObject({ type: 'MessageMalformed' });
  // What the broker gave up by itself says so.
  const expired = { ...delivery({ body }).headers, 'x-first-death-reason': 'expired' };
  expect(JSON.parse(readLetter(delivery({ body, headers: expired })).error)).toMatchObject({ type: 'MessageGivenUp' });
});

test('a task: what its row needs to know', () => {
  const letter = readLetter(delivery());
  expect(letter).toMatchObject({
    reason: 'rejected',
    code: null,
    taskId: id,
    wireId: null,
    name: 'math.add',
    turn: 3,
    hadRow: true,
    sendAgain: false,
    task: { id, name: 'math.add', queue: 'default', input: '{"x":1,"y":2}', message: null },
  });
  expect(JSON.parse(letter.error)).toMatchObject({
    type: 'MessageGivenUp',
    data: { queue: 'default', reason: 'rejected' },
  });
});

test('its priority; a Celery program that states none says 0', () => {
  expect(readLetter(delivery({ priority: 8 }))).toMatchObject({ priority: 8, task: { priority: 8 } });
  expect(readLetter(delivery({ priority: 0 })).priority).toBe(0);
  const theirs = { task: 'math.add', id };
  expect(readLetter(delivery({ headers: theirs, priority: 0 })).priority).toBeNull();
  expect(readLetter(delivery({ headers: theirs, priority: 200 })).priority).toBe(200);
});

test('what a rule of the queue took away is sent again; what somebody refused is not', () => {
  for (const reason of ['expired', 'maxlen'])
    expect(readLetter(withHeaders({ 'x-death': [death('a', reason)] })).sendAgain).toBe(true);
  for (const reason of ['rejected', 'delivery_limit'])
    expect(readLetter(withHeaders({ 'x-death': [death('a', reason)] })).sendAgain).toBe(false);
  expect(readLetter({ ...withHeaders({ 'x-death': [death('a', 'expired')] }), body: Buffer.from('{') }).sendAgain).toBe(
    false,
  );
});

test('no task: why, and what could be read of it', () => {
  const letter = readLetter(delivery({ body: Buffer.from('[[1], {},') }));
  expect(letter).toMatchObject({ reason: 'malformed', code: 'body_not_json', taskId: id, name: 'math.add' });
  expect(JSON.parse(letter.error)).toMatchObject({ type: 'MessageMalformed' });
  expect(letter.task).toMatchObject({ id, name: 'math.add', input: null });
  const nothing = readLetter(delivery({ headers: {}, body: Buffer.alloc(0), contentType: undefined }));
  expect(nothing).toMatchObject({ taskId: null, name: null, task: null, contentType: null, body: Buffer.alloc(0) });
});

test('an id that is no UUID is kept beside that of its row', () => {
  const { taskId, wireId, task: row } = readLetter(withHeaders({ id: 'job-7' }));
  expect(wireId).toBe('job-7');
  expect(row).toMatchObject({ id: taskId, wireId: 'job-7' });
});

test('headers are kept as JSON, whatever they hold', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const bytes = Buffer.from('Python');
  const { headers } = readLetter(
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
  const letter = readLetter(delivery({ body }));
  expect([letter.body.length, letter.bodySize]).toEqual([1024 * 1024, body.length]);
});

describe('the fingerprint', () => {
  const print = (overrides: Partial<Delivery>) => readLetter(delivery(overrides)).fingerprint;
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
    expect(readLetter(delivery(overrides)).redelivered).toBe(expected);
  });
});
