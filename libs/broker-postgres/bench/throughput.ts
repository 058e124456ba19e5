// What the embedded broker does on this machine, beside single-row inserts on one connection in the same run:
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs libs/broker-postgres/bench/throughput.ts
// TEST_DATABASE_URL names the server (default: postgres on 127.0.0.1); a database is made there and dropped again.
// MESSAGES (50000), ROUNDS (3), IN_FLIGHT (1000), PREFETCH (200) and RATE (50 a second, for the latencies) may be set.
// BatchPublisher and consumer are processes of their own.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Log } from '@lovage/ports';
import { PostgresBroker } from '../src/index.ts';

const server = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const messages = number('MESSAGES', 50_000);
const rounds = number('ROUNDS', 3);
const inFlight = number('IN_FLIGHT', 1000);
const prefetch = number('PREFETCH', 200);
const hz = number('RATE', 50);
const queue = 'bench';

const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: console.warn, error: console.error, child: () => log };
const body = Buffer.from(
  JSON.stringify([[], { x: 1, y: 2 }, { callbacks: null, errbacks: null, chain: null, chord: null }]),
);
// As many and as long as those of a Celery message.
const headers = {
  lang: 'js',
  task: 'math.divide',
  id: '0190b7a2-1234-7abc-8def-0123456789ab',
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  root_id: '0190b7a2-1234-7abc-8def-0123456789ab',
  parent_id: null,
  argsrepr: '()',
  kwargsrepr: "{'x': 1, 'y': 2}",
  origin: 'gen1@host',
  ignore_result: false,
  'x-lovage-turn': 0,
};
const message = (more: object = {}) => ({
  ...{ queue, body, contentType: 'application/json', contentEncoding: 'utf-8', correlationId: headers.id },
  headers: { ...headers, ...more },
});
/** ms, the same clock in every process of this machine. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

type Work = 'publish' | 'consume' | 'echo';
interface Report {
  readonly perSecond: number;
  /** CPU of the client per message, µs: on a busy machine it says more than the rate. */
  readonly cpu: number;
}

async function publish(broker: PostgresBroker): Promise<void> {
  let left = messages;
  const one = async (): Promise<void> => {
    while (left-- > 0) await broker.publish(message());
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

async function consume(broker: PostgresBroker): Promise<void> {
  let seen = 0;
  let done!: () => void;
  const all = new Promise<void>((resolve) => (done = resolve));
  const consumption = await broker.consume(queue, {
    prefetch,
    onDelivery: (delivery) => {
      delivery.ack();
      if (++seen === messages) done();
    },
  });
  await all;
  await consumption.close();
}

async function child(url: string): Promise<void> {
  const broker = new PostgresBroker({ url, log });
  await broker.start();
  process.on('message', (work: Work) => {
    if (work === 'echo')
      return void broker.consume(queue, {
        prefetch,
        onDelivery: (delivery) => {
          broker.reply(delivery.replyTo!, {
            correlationId: delivery.correlationId!,
            body: Buffer.from(String(now() - (delivery.headers['at'] as number))),
          });
          delivery.ack();
        },
      });
    const began = now();
    const cpu = process.cpuUsage();
    void (work === 'publish' ? publish(broker) : consume(broker)).then(() => {
      const { user, system } = process.cpuUsage(cpu);
      process.send!({ perSecond: (messages / (now() - began)) * 1000, cpu: (user + system) / messages } as Report);
    });
  });
  process.on('disconnect', () => void broker.stop());
  process.send!('up');
}

async function start(url: string): Promise<ChildProcess> {
  const process_ = fork(fileURLToPath(import.meta.url), [url], { execArgv: process.execArgv });
  await once(process_, 'message');
  return process_;
}

async function ask(process_: ChildProcess, work: Work): Promise<Report> {
  const report = once(process_, 'message');
  process_.send(work);
  return (await report)[0] as Report;
}

const at = (values: number[], share: number): string =>
  values.sort((a, b) => a - b)[Math.floor(values.length * share)]!.toFixed(1);
const spread = (values: number[]): string =>
  `p50 ${at(values, 0.5)}  p95 ${at(values, 0.95)}  p99 ${at(values, 0.99)} ms`;

/** One message at a time, `hz` a second: until confirmed, delivered, answered; and a bare commit on this server. */
async function latencies(url: string, broker: PostgresBroker): Promise<void> {
  const echo = await start(url);
  echo.send('echo');
  const plain = new pg.Client({ connectionString: url });
  await plain.connect();
  await plain.query('create table if not exists plain (id int)');
  const [confirmed, delivered, answered, committed]: number[][] = [[], [], [], []];
  let answer: (body: Buffer) => void = ignore;
  const inbox = await broker.openReplies((reply) => answer(reply.body));
  for (let n = 0; n < hz * 10; n += 1) {
    const began = now();
    const reply = new Promise<Buffer>((resolve) => (answer = resolve));
    await broker.publish({ ...message({ at: began }), replyTo: inbox.address });
    const confirm = now() - began;
    const delivery = Number((await reply).toString());
    const whole = now() - began;
    const before = now();
    await plain.query({ name: 'plain', text: 'insert into plain values ($1)', values: [n] });
    // The first second warms up.
    if (n >= hz) {
      committed!.push(now() - before);
      confirmed!.push(confirm);
      delivered!.push(delivery);
      answered!.push(whole);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 / hz));
  }
  console.log(`at ${hz}/s, one plain insert:      ${spread(committed!)}`);
  console.log(`at ${hz}/s, publish to confirm:    ${spread(confirmed!)}`);
  console.log(`at ${hz}/s, publish to delivery:   ${spread(delivered!)}`);
  console.log(`at ${hz}/s, publish to reply:      ${spread(answered!)}`);
  await inbox.close();
  await plain.end();
  echo.disconnect();
  await once(echo, 'exit');
}

async function main(): Promise<void> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  const name = `lovage_bench_${process.pid}`;
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  try {
    const broker = new PostgresBroker({ url: url.toString(), log });
    await broker.start();
    await broker.declare(queue);
    const [publisher, consumer] = [await start(url.toString()), await start(url.toString())];
    const show = (what: string, { perSecond, cpu }: Report): void =>
      console.log(what.padEnd(26), `${Math.round(perSecond)}/s`.padStart(9), ` client CPU ${cpu.toFixed(1)} µs`);
    for (let round = 0; round <= rounds; round += 1) {
      const [stored, drained] = [await ask(publisher, 'publish'), await ask(consumer, 'consume')];
      const both = await Promise.all([ask(publisher, 'publish'), ask(consumer, 'consume')]);
      // The first round warms up.
      if (round === 0) continue;
      show(`publish, ${inFlight} in flight`, stored);
      show(`consume, prefetch ${prefetch}`, drained);
      show('both at once, publish', both[0]);
      show('both at once, consume', both[1]);
    }
    for (const process_ of [publisher, consumer]) {
      process_.disconnect();
      await once(process_, 'exit');
    }
    await latencies(url.toString(), broker);
    await broker.stop();
  } finally {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}

await (process.argv[2] ? child(process.argv[2]) : main());
