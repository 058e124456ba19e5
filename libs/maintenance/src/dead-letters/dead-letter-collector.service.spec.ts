import amqp from 'amqplib';
import { PostgresBroker } from '@lovage/broker-postgres';
import { RabbitBroker } from '@lovage/broker-rabbitmq';
import { encodeTask } from '@lovage/celery';
import { LovageClient, messageOfRow } from '@lovage/client';
import { newId } from '@lovage/foundation';
import { blankTask, type Broker, type DeadLetterStore } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  describeWithRabbit,
  eventually,
  RecordingLog,
  silentLog,
  testDatabase,
  type TestDatabase,
  type TestRabbit,
  insertOne,
} from '@lovage/testing';
import { z } from 'zod';
import { OutboxRelay } from '../relay/outbox-relay.ts';
import { DeadLetterCollector } from './dead-letter-collector.ts';

/** A broker of one process, on the server that all of a test share. */
type Connect = (db: TestDatabase) => Broker;

class CollectorServers implements AsyncDisposable {
  readonly store: PgStore;
  private readonly started: { stop(): Promise<void> }[] = [];

  private constructor(
    readonly db: TestDatabase,
    private readonly connect: Connect,
    readonly queue: string,
  ) {
    this.store = openStore({ url: db.url, log: silentLog, maxConnections: 4 });
  }

  static async open(connect: Connect, queue: string): Promise<CollectorServers> {
    return new CollectorServers(await testDatabase(), connect, queue);
  }

  async broker(): Promise<Broker> {
    const broker = this.connect(this.db);
    await broker.start();
    this.started.push(broker);
    return broker;
  }

  /** As a beat of its own has it. */
  async collector(
    broker: Broker,
    deadLetters: Pick<DeadLetterStore, 'keep'> = this.store.deadLetters,
  ): Promise<DeadLetterCollector> {
    const collector = new DeadLetterCollector({ broker, deadLetters, log: silentLog });
    this.started.push(collector);
    await collector.start();
    return collector;
  }

  /** Puts messages into the queue, to be refused there by a consumer. */
  async refused(broker: Broker, bodies: readonly string[], headers: Record<string, unknown> = {}): Promise<void> {
    const { queue } = this;
    await broker.declare(queue);
    const consumption = await broker.consume(queue, {
      prefetch: 100,
      onDelivery: (delivery) => delivery.nack({ requeue: false }),
    });
    this.started.push({ stop: () => consumption.close() });
    await Promise.all(
      bodies.map((body) =>
        broker.publish({
          ...{ queue, body: Buffer.from(body), contentType: 'application/json', contentEncoding: 'utf-8' },
          headers: { task: 'test.job', ...headers },
        }),
      ),
    );
  }

  async bodies(): Promise<string[]> {
    const rows = await this.db.query<{ body: Buffer }>('select body from dead_letters order by id');
    return rows.map(({ body }) => body.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.started.reverse()) await service.stop();
    await this.store.close();
    await this.db.drop();
  }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `no task, ${n}`);

function suite(connect: Connect, queue: () => string): void {
  test('what was refused is written down, with where and why, and is out of the broker', async () => {
    await using f = await CollectorServers.open(connect, queue());
    const broker = await f.broker();
    const collector = await f.collector(broker);
    const collected = collector.collected.next();
    await f.refused(broker, ['[[1], {},'], { id: 'job-7' });
    const { id } = await collected;
    expect(await f.store.deadLetters.get(id)).toMatchObject({
      queue: f.queue,
      reason: 'malformed',
      code: 'body_not_json',
      wireId: 'job-7',
      name: 'test.job',
      headers: { task: 'test.job', id: 'job-7' },
      body: Buffer.from('[[1], {},'),
    });
    await eventually(async () => (await broker.depth(broker.deadLetterQueue)).ready === 0);
    await collector.stop();
    expect((await broker.depth(broker.deadLetterQueue)).ready).toBe(0);
  });

  test('killed between the write and the ack: the dead letter comes again and is the same', async () => {
    await using f = await CollectorServers.open(connect, queue());
    const [producer, first, second] = [await f.broker(), await f.broker(), await f.broker()];
    const bodies = numbered(30);
    let written = 0;
    // Written, and the process hears no more of it.
    const doomed: Pick<DeadLetterStore, 'keep'> = {
      async keep(deadLetters) {
        written += (await f.store.deadLetters.keep(deadLetters)).length;
        return new Promise(() => undefined);
      },
    };
    const dead = new DeadLetterCollector({ broker: first, deadLetters: doomed, log: silentLog });
    await dead.start();
    await f.refused(producer, bodies);
    await eventually(() => written > 0);
    expect((await f.bodies()).length).toBe(written);
    const heir = await f.collector(second);
    const ids: string[] = [];
    heir.collected.on(({ id }) => ids.push(id));
    // Its connection goes with it.
    await first.stop();
    await eventually(() => ids.length >= bodies.length, { timeoutMs: 20_000 });
    expect(new Set(ids).size).toBe(bodies.length);
    expect((await f.bodies()).sort()).toEqual([...bodies].sort());
  });

  test('two share the queue, and each dead letter is one', async () => {
    await using f = await CollectorServers.open(connect, queue());
    const [producer, one, two] = [await f.broker(), await f.broker(), await f.broker()];
    const by = new Map<string, number>();
    for (const [n, broker] of [one, two].entries()) {
      const collector = await f.collector(broker);
      collector.collected.on(({ id }) => by.set(id, n));
    }
    const bodies = numbered(400);
    await f.refused(producer, bodies);
    await eventually(() => by.size >= bodies.length, { timeoutMs: 20_000 });
    expect((await f.bodies()).sort()).toEqual([...bodies].sort());
    expect(new Set(by.values()).size).toBe(2);
  });

  test('the row of a task that died before it had one keeps all that its message asked for', async () => {
    await using f = await CollectorServers.open(connect, queue());
    const broker = await f.broker();
    const collector = await f.collector(broker);
    await f.refused(broker, []);
    const id = newId();
    const message = encodeTask({
      ...{ id, name: 'test.job', inputJson: null, args: [1], kwargs: { y: 2 }, rootId: id, parentId: null, retries: 0 },
      ...{ generation: 0, hasRow: false, timeLimit: [60, 30], newTask: { retry: { maxAttempts: 7 } } },
      ...{ headers: { tenant: 'acme' }, shadow: 'job of acme', group: newId(), groupIndex: 3, ignoreResult: true },
      ...{ lang: 'py', embed: { chain: [{ task: 'test.next', args: [], kwargs: {}, options: {} }] } },
    });
    const sent = { ...message, queue: f.queue, replyTo: 'inbox-of-the-caller', correlationId: 'call-7' };
    const collected = collector.collected.next();
    await broker.publish(sent);
    expect(await collected).toMatchObject({ outcome: 'ended' });
    const { headers, ...again } = messageOfRow((await f.store.tasks.get(id))!, broker);
    expect(again).toEqual({ ...sent, headers: undefined });
    expect(headers).toEqual({ ...sent.headers, 'x-lovage-row': 1 });
  });

  test('a task whose message was refused ends, and callers that wait for it hear so', async () => {
    await using f = await CollectorServers.open(connect, queue());
    const broker = await f.broker();
    const job = defineTask({
      name: 'test.job',
      input: z.strictObject({}),
      output: z.null(),
      defaults: { queue: f.queue },
    });
    const { tasks, outbox } = f.store;
    const contracts = new ContractRegistry([job]);
    const client = new LovageClient({ broker, tasks, outbox, contracts, log: silentLog });
    try {
      await f.collector(await f.broker());
      await f.refused(broker, []);
      const handle = await client.submit(job, {});
      await expect(handle.result({ timeout: '20s' })).rejects.toThrow('MessageGivenUp');
      expect(await tasks.get(handle.id)).toMatchObject({ state: 'FAILURE', error: { type: 'MessageGivenUp' } });
    } finally {
      await client.stop();
    }
  });
}

describe('collecting dead letters: the broker in Postgres', () => {
  suite(
    ({ url }) => new PostgresBroker({ url, log: silentLog }),
    () => 'default',
  );
});

describeWithRabbit('collecting dead letters: RabbitMQ', (rabbit: TestRabbit) => {
  let deadLetterQueue = '';
  beforeEach(() => {
    deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDeleteExchanges(deadLetterQueue);
  });
  const connect: Connect = () => new RabbitBroker({ url: rabbit.url, deadLetterQueue, log: silentLog });
  suite(connect, () => rabbit.queue());

  test('equal messages are so many dead letters', async () => {
    await using f = await CollectorServers.open(connect, rabbit.queue());
    const broker = await f.broker();
    await f.collector(broker);
    await f.refused(broker, ['same', 'same', 'same']);
    await eventually(async () => (await f.bodies()).length === 3);
  });

  test('a message that a rule of its queue took away is sent once more, then its task ends', async () => {
    const queue = rabbit.queue('ttl');
    await using f = await CollectorServers.open(connect, queue);
    const broker = await f.broker();
    const collector = await f.collector(broker);
    const outcomes: unknown[] = [];
    collector.collected.on(({ deadLetter: { reason, diedAt }, outcome }) =>
      outcomes.push([reason, typeof diedAt, outcome]),
    );
    await broker.declare(deadLetterQueue);
    const connection = await amqp.connect(rabbit.url);
    try {
      const channel = await connection.createChannel();
      await channel.assertQueue(queue, {
        durable: true,
        messageTtl: 10,
        arguments: { 'x-dead-letter-exchange': deadLetterQueue },
      });
    } finally {
      await connection.close();
    }
    const id = newId();
    const row = blankTask({ id, name: 'test.job', queue, input: '{}' });
    const relay = new OutboxRelay({
      broker,
      outbox: f.store.outbox,
      messageOf: ({ queue }) => ({
        ...{ queue, body: Buffer.from('[[],{},{}]'), contentType: 'application/json', contentEncoding: 'utf-8' },
        headers: { task: 'test.job', id, 'x-lovage-turn': 0, 'x-lovage-row': 1 },
      }),
      log: silentLog,
    });
    await relay.start();
    try {
      await insertOne(f.store.tasks, row, { delayMs: 0, leaseMs: 0 });
      await eventually(async () => (await f.store.tasks.get(id))?.state === 'FAILURE', { timeoutMs: 20_000 });
    } finally {
      await relay.stop();
    }
    expect(outcomes).toEqual([
      ['expired', 'number', 'sent_again'],
      ['expired', 'number', 'ended'],
    ]);
  });

  test('a queue of dead letters that is deleted is made again', async () => {
    const log = new RecordingLog();
    await using f = await CollectorServers.open(
      () => new RabbitBroker({ url: rabbit.url, deadLetterQueue, log }),
      rabbit.queue(),
    );
    const broker = await f.broker();
    await f.collector(broker);
    await f.refused(broker, ['1']);
    await eventually(async () => (await f.bodies()).length === 1);
    await (await f.broker()).deleteQueue(deadLetterQueue);
    await eventually(async () => (await broker.depth(deadLetterQueue).catch(() => undefined))?.consumers === 1, {
      timeoutMs: 20_000,
    });
    await f.refused(broker, ['2']);
    await eventually(async () => (await f.bodies()).length === 2);
  });
});
