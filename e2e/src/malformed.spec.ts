import amqp from 'amqplib';
import { PostgresBroker } from '@lovage/broker-postgres';
import { RabbitBroker } from '@lovage/broker-rabbitmq';
import { decodeResult } from '@lovage/celery';
import type { DeadLetterList, TaskDocument } from '@lovage/http-api';
import type { Broker, OutgoingMessage } from '@lovage/ports';
import { eventually, silentLog } from '@lovage/testing';
import type { RunningPlatform } from './kit/platform.ts';
import { onBothShapes } from './kit/shapes.ts';

type Odd = Pick<OutgoingMessage, 'headers' | 'contentType' | 'contentEncoding'> & { body: string | Buffer };

const ID = '01970000-0000-7000-8000-0000000000ff';
const task = { task: 'math.add', id: ID };
const json = { contentType: 'application/json', contentEncoding: 'utf-8' };
const odd: Record<string, Odd> = {
  'a broken body': { ...json, headers: task, body: '[[1, 2], {}, ' },
  'no id': { ...json, headers: { task: 'math.add' }, body: '[[1, 2], {}, {}]' },
  'a body of one': { ...json, headers: { ...task, id: ID.replace('ff', 'fe') }, body: '[[1, 2]]' },
  'no headers': { ...json, headers: {}, body: '[[1, 2], {}, {}]' },
  'an empty body': { ...json, headers: { ...task, id: ID.replace('ff', 'fd') }, body: '' },
  pickle: { contentType: 'application/x-python-serialize', contentEncoding: 'binary', headers: task, body: '\x80\x04' },
  'bytes that are no UTF-8': {
    ...json,
    headers: { ...task, id: ID.replace('ff', 'fc') },
    body: Buffer.from([0x5b, 0xff, 0x5d]),
  },
};

onBothShapes('messages that are no tasks', (shape) => {
  let platform: RunningPlatform;
  let url: string;
  beforeAll(async () => {
    platform = await shape.start();
    url = shape.rabbit?.url ?? (await platform.databaseUrl());
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('they leave the worker serving, go to the dead letters, and each is told', async () => {
    const { rest, launcher } = platform;
    const worker = await platform.pid('worker');
    await (shape.rabbit ? sendByAmqp : sendByPostgres)(url, shape.queue, Object.values(odd));
    for (const code of [
      'body_not_json',
      'id_missing',
      'body_arity_invalid',
      'content_type_unsupported',
      'body_not_utf8',
    ])
      await launcher.line(code);
    const done = await rest.ended((await rest.accepted('math.add', { x: 1, y: 2 })).id);
    expect(done).toMatchObject({ state: 'SUCCESS', result: 3 });
    expect(await platform.pid('worker')).toBe(worker);
    // What could be read of a message says whose end it is.
    const failed = await eventually(async () => {
      const answer = await rest.ask(`/api/tasks/${ID}`);
      return answer.status === 200 && answer.json();
    });
    expect(failed).toMatchObject({ name: 'math.add', state: 'FAILURE', error: { type: 'MessageMalformed' } });
  });

  test('each is a dead letter; with an edited input one becomes a task that succeeds', async () => {
    const { rest } = platform;
    const deadLetters = await eventually(async () => {
      const { items } = (await rest.ask('/api/dead-letters')).json<DeadLetterList>();
      return items.length >= Object.keys(odd).length && items;
    });
    expect(deadLetters.map(({ code }) => code).sort()).toEqual([
      ...['body_arity_invalid', 'body_not_json', 'body_not_json', 'body_not_utf8', 'content_type_unsupported'],
      ...['id_missing', 'task_missing'],
    ]);
    for (const deadLetter of deadLetters) expect(deadLetter).toMatchObject({ queue: shape.queue, reason: 'malformed' });

    const { id, taskId } = deadLetters.find(({ code }) => code === 'body_arity_invalid')!;
    expect((await rest.ask(`/api/dead-letters/${id}/redrive`, { body: {} })).json()).toMatchObject({
      code: 'letter_unreadable',
    });
    const answer = await rest.ask(`/api/dead-letters/${id}/redrive`, { body: { input: { x: 20, y: 22 } } });
    expect(answer.status).toBe(202);
    const task = answer.json<TaskDocument>();
    expect(task.id).not.toBe(taskId);
    expect(await rest.ended(task.id)).toMatchObject({ state: 'SUCCESS', result: 42, retriedFrom: taskId });
    expect((await rest.ask(`/api/dead-letters/${id}`)).json()).toMatchObject({ redriven: { as: task.id } });
    expect((await rest.ask(`/api/dead-letters/${id}/redrive`, { body: {} })).status).toBe(409);

    // What is at fault may be more than the input: no name, no id, nothing that can be read.
    const nameless = deadLetters.find(({ code }) => code === 'task_missing')!;
    const body = { name: 'math.add', input: { x: 1, y: 2 } };
    const named = await rest.ask(`/api/dead-letters/${nameless.id}/redrive`, { body });
    expect(await rest.ended(named.json<TaskDocument>().id)).toMatchObject({ state: 'SUCCESS', result: 3 });
  });

  test('a program that waits for one that cannot be run is told so at once', async () => {
    const broker = shape.rabbit
      ? new RabbitBroker({ url, log: silentLog })
      : new PostgresBroker({ url, log: silentLog });
    const step = { task: 'math.add', args: [1], kwargs: {}, options: {} };
    const bodies = new Map([
      [ID.replace('ff', 'e0'), '[[NaN, 2], {}, {}]'],
      [ID.replace('ff', 'e1'), JSON.stringify([[1, 2], {}, { callbacks: [{ ...step, args: 7 }] }])],
      [ID.replace('ff', 'E2').toUpperCase(), JSON.stringify([[1, 2], {}, { chain: [{ ...step, task: null }] }])],
    ]);
    expect(await askAll(broker, shape.queue, bodies)).toEqual([
      'FAILURE body_number_not_finite',
      'FAILURE canvas_invalid',
      'FAILURE canvas_invalid',
    ]);
    for (const id of bodies.keys())
      expect((await platform.rest.ask(`/api/tasks/${id}`)).json()).toMatchObject({
        id: id.toLowerCase(),
        ...{ state: 'FAILURE', rootId: id.toLowerCase() },
      });
    await eventually(async () => {
      const { items } = (await platform.rest.ask('/api/dead-letters')).json<DeadLetterList>();
      return items.filter(({ code }) => code === 'canvas_invalid').length === 2;
    });
  });
});

/** What a Celery program sends and waits for, and what it is told. */
async function askAll(broker: Broker, queue: string, bodies: ReadonlyMap<string, string>): Promise<string[]> {
  await broker.start();
  const told = new Map<string, string>();
  const inbox = await broker.openReplies(({ body }) => {
    const { taskId, state, error } = decodeResult(body)!;
    told.set(taskId, `${state} ${error?.message.split(':')[0]}`);
  });
  try {
    for (const [id, body] of bodies)
      await broker.publish({
        ...{ ...json, queue, body: Buffer.from(body), headers: { ...task, id } },
        ...{ correlationId: id, replyTo: inbox.address },
      });
    await eventually(() => told.size === bodies.size);
    return [...bodies.keys()].map((id) => told.get(id)!);
  } finally {
    await inbox.close();
    await broker.stop();
  }
}

async function sendByAmqp(url: string, queue: string, messages: readonly Odd[]): Promise<void> {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  for (const { body, ...properties } of messages) channel.sendToQueue(queue, Buffer.from(body), properties);
  await channel.waitForConfirms();
  await connection.close();
}

async function sendByPostgres(url: string, queue: string, messages: readonly Odd[]): Promise<void> {
  const broker = new PostgresBroker({ url, log: silentLog });
  await broker.start();
  try {
    await Promise.all(messages.map(({ body, ...rest }) => broker.publish({ queue, ...rest, body: Buffer.from(body) })));
  } finally {
    await broker.stop();
  }
}
