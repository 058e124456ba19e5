// What the adapter costs beside a plain amqplib loop that does the same work, in one run, interleaved:
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs libs/broker-rabbitmq/bench/throughput.ts
// TEST_AMQP_URL names the server; MESSAGES (20000), ROUNDS (5), IN_FLIGHT (1000) and PREFETCH (200) may be set.
import { randomUUID } from 'node:crypto';
import { connect, type ConfirmChannel } from 'amqplib';
import type { Broker, Delivery, Log } from '@lovage/ports';
import { RabbitBroker } from '../src/index.ts';
import { DEAD_LETTERS, queueOptions } from '../src/topology/queue-arguments.ts';

const url = process.env['TEST_AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672';
const messages = Number(process.env['MESSAGES'] ?? 20_000);
const rounds = Number(process.env['ROUNDS'] ?? 5);
const inFlight = Number(process.env['IN_FLIGHT'] ?? 1000);
const prefetch = Number(process.env['PREFETCH'] ?? 200);

const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => log };
const body = Buffer.from(
  JSON.stringify([[], { x: 1, y: 2 }, { callbacks: null, errbacks: null, chain: null, chord: null }]),
);
const contentType = 'application/json';
const contentEncoding = 'utf-8';
// As many and as long as those of a Celery message.
const headersOf = (id: string): Record<string, unknown> => ({
  lang: 'js',
  task: 'math.divide',
  id,
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  root_id: id,
  parent_id: null,
  argsrepr: '()',
  kwargsrepr: "{'x': 1, 'y': 2}",
  origin: 'gen1@host',
  ignore_result: false,
  'x-lovage-turn': 0,
});

/** Runs `publishOne` for every message with at most `inFlight` unconfirmed; messages per second. */
function publishing(publishOne: (done: () => void) => void): Promise<number> {
  const began = performance.now();
  let started = 0;
  let done = 0;
  return new Promise((resolve) => {
    const next = (): void => {
      started += 1;
      publishOne(() => {
        done += 1;
        if (done === messages) resolve(rate(began));
        else if (started < messages) next();
      });
    };
    for (let n = 0; n < Math.min(inFlight, messages); n += 1) next();
  });
}

function plainPublish(channel: ConfirmChannel, queue: string): Promise<number> {
  return publishing((done) => {
    const id = randomUUID();
    const options = {
      contentType,
      contentEncoding,
      headers: headersOf(id),
      correlationId: id,
      deliveryMode: 2,
      mandatory: true,
    };
    channel.publish('', queue, body, options, (error) => {
      if (error) throw error as Error;
      done();
    });
  });
}

function ourPublish(broker: Broker, queue: string): Promise<number> {
  return publishing((done) => {
    const id = randomUUID();
    void broker
      .publish({ queue, body, contentType, contentEncoding, headers: headersOf(id), correlationId: id })
      .then(done);
  });
}

/** One multiple ack per pass of the event loop: what the adapter does, without its bookkeeping. */
async function plainConsume(queue: string): Promise<number> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const began = performance.now();
  let seen = 0;
  const speed = await new Promise<number>((resolve) => {
    let scheduled = false;
    void channel.consume(queue, (message) => {
      seen += 1;
      const last = message!;
      if (seen === messages) {
        channel.ack(last, true);
        resolve(rate(began));
        return;
      }
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        if (seen < messages) channel.ack({ ...last, fields: { ...last.fields, deliveryTag: seen } }, true);
      });
    });
  });
  await connection.close();
  return speed;
}

async function plainConsumeOneByOne(queue: string): Promise<number> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const began = performance.now();
  let seen = 0;
  const speed = await new Promise<number>((resolve) => {
    void channel.consume(queue, (message) => {
      channel.ack(message!);
      if (++seen === messages) resolve(rate(began));
    });
  });
  await connection.close();
  return speed;
}

async function ourConsume(broker: Broker, queue: string): Promise<number> {
  const began = performance.now();
  let seen = 0;
  let finished!: (speed: number) => void;
  const speed = new Promise<number>((resolve) => (finished = resolve));
  const consumption = await broker.consume(queue, {
    prefetch,
    onDelivery: (delivery: Delivery) => {
      delivery.ack();
      if (++seen === messages) finished(rate(began));
    },
  });
  const result = await speed;
  await consumption.close();
  return result;
}

function rate(began: number): number {
  return messages / ((performance.now() - began) / 1000);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

const connection = await connect(url, { noDelay: true });
const channel = await connection.createConfirmChannel();
const broker = new RabbitBroker({ url, log });
await broker.start();
const queue = `bench.${randomUUID()}`;
await broker.declare(queue);
await channel.assertQueue(queue, queueOptions('quorum', DEAD_LETTERS));

const table: Record<string, number[]> = {
  'publish, plain': [],
  'publish, ours': [],
  'consume, plain, one ack each': [],
  'consume, plain, multiple ack': [],
  'consume, ours': [],
};
// CPU of this process per message, µs: on a busy machine it says more than the rate.
const cpu: Record<string, number[]> = Object.fromEntries(Object.keys(table).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  const runs: [string, () => Promise<number>][] = [
    ['publish, plain', () => plainPublish(channel, queue)],
    ['consume, plain, multiple ack', () => plainConsume(queue)],
    ['publish, ours', () => ourPublish(broker, queue)],
    ['consume, ours', () => ourConsume(broker, queue)],
    ['publish, plain', () => plainPublish(channel, queue)],
    ['consume, plain, one ack each', () => plainConsumeOneByOne(queue)],
  ];
  for (const [name, run] of runs) {
    const before = process.cpuUsage();
    const speed = await run();
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round === 0) continue;
    table[name]!.push(speed);
    cpu[name]!.push((user + system) / messages);
  }
}
for (const [name, speeds] of Object.entries(table)) {
  console.log(
    name.padEnd(30),
    Math.round(median(speeds)).toString().padStart(7),
    '/s ',
    `${median(cpu[name]!).toFixed(1)} µs `,
    speeds.map(Math.round).join(' '),
  );
}
const of = (name: string): number => median(table[name]!);
console.log(`publish, ours / plain: ${(of('publish, ours') / of('publish, plain')).toFixed(2)}`);
console.log(
  `consume, ours / plain multiple ack: ${(of('consume, ours') / of('consume, plain, multiple ack')).toFixed(2)}`,
);
console.log(
  `consume, ours / plain one ack each: ${(of('consume, ours') / of('consume, plain, one ack each')).toFixed(2)}`,
);
await broker.deleteQueue(queue);
await broker.stop();
await connection.close();
