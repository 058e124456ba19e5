import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from '@jest/globals';
import type { BrokerState, Delivery, OutgoingMessage } from '@lovage/ports';
import { describeWithCelery, describeWithRedis, eventually, silentLog } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { Redis } from 'ioredis';
import type { RedisBrokerOptions } from './options.ts';
import { RedisBroker } from './redis-broker.ts';

const messageOf = (queue: string, body: string | Buffer, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  ...{ queue, body: Buffer.from(body as string), contentType: 'application/json', contentEncoding: 'utf-8' },
  ...{ headers: {}, ...more },
});

describeWithRedis('Redis adapter, its own', (url) => {
  const brokers: RedisBroker[] = [];
  const queues: string[] = [];
  const started = async (options: Partial<RedisBrokerOptions> = {}): Promise<RedisBroker> => {
    const deadLetterQueue = `dead.${queues[0] ?? 'none'}`;
    const broker = new RedisBroker({ url, log: silentLog, deadLetterQueue, ...options });
    brokers.push(broker);
    await broker.start();
    return broker;
  };
  const newQueue = (): string => {
    const queue = `own.${randomUUID()}`;
    queues.push(queue, `dead.${queue}`);
    return queue;
  };
  const inState = (broker: RedisBroker, state: BrokerState): Promise<unknown> =>
    eventually(() => broker.state === state);
  const inboxOf = async (broker: RedisBroker, queue: string, prefetch = 10): Promise<Delivery[]> => {
    const got: Delivery[] = [];
    await broker.consume(queue, { prefetch, onDelivery: (delivery) => got.push(delivery) });
    return got;
  };
  const ask = async <T>(question: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  };

  afterEach(async () => {
    await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
    const cleaner = await started();
    for (const queue of queues.splice(0)) await cleaner.deleteQueue(queue);
    await cleaner.stop();
    brokers.length = 0;
  });

  it('carries 10 MB of any bytes through a queue with a long name', async () => {
    const queue = `${newQueue()} ${'ž'.repeat(100)}`;
    queues.push(queue);
    const broker = await started();
    await broker.declare(queue);
    const body = randomBytes(10_000_000);
    await broker.publish(messageOf(queue, body));
    const got = await inboxOf(broker, queue, 1);
    await eventually(() => got.length === 1);
    expect(got[0]!.body.equals(body)).toBe(true);
    got[0]!.nack({ requeue: true });
    await eventually(() => got.length === 2);
    expect(got[1]!.body.equals(body)).toBe(true);
    got[1]!.ack();
  });

  it('leaves keys of other programs alone, and tells whose name it is', async () => {
    const queue = newQueue();
    await ask((redis) => redis.set(queue, 'mine'));
    const broker = await started();
    await expect(broker.declare(queue)).rejects.toMatchObject({ code: 'invalid_queue_name' });
    await expect(broker.publish(messageOf(queue, 'x', { priority: 9 }))).rejects.toMatchObject({
      code: 'publish_refused',
    });
    await broker.deleteQueue(queue);
    expect(await ask((redis) => redis.get(queue))).toBe('mine');
    await ask((redis) => redis.del(queue));
  });

  it.each(['unacked', 'unacked_index', '_kombu.binding.q', 'lovage.sessions', 'a\x06\x163'])(
    'has no queue of a name that it needs itself: %j',
    async (queue) => {
      const broker = await started();
      await expect(broker.declare(queue)).rejects.toMatchObject({ code: 'invalid_queue_name' });
      await expect(broker.publish(messageOf(queue, 'x'))).rejects.toMatchObject({ code: 'unroutable' });
    },
  );

  it('brings what is no message to the worker, who refuses it', async () => {
    const queue = newQueue();
    const broker = await started();
    await broker.declare(queue);
    await ask((redis) => redis.lpush(queue, 'what', '{"body":1}'));
    const got = await inboxOf(broker, queue);
    await eventually(() => got.length === 2);
    for (const delivery of got) {
      expect(delivery.contentType).toBeUndefined();
      delivery.nack({ requeue: false });
    }
    await eventually(async () => (await broker.depth(broker.deadLetterQueue)).ready === 2);
    expect(await ask((redis) => redis.hlen('unacked'))).toBe(0);
  });

  it('goes on when Redis has forgotten everything', async () => {
    await using own = await OwnRedis.start();
    const broker = await started({ url: own.url, beatMs: 50 });
    const queue = newQueue();
    await broker.declare(queue);
    await broker.publish(messageOf(queue, 'held'));
    const got = await inboxOf(broker, queue);
    await eventually(() => got.length === 1);
    await own.ask((redis) => redis.flushall());
    got[0]!.ack();
    await eventually(async () =>
      broker.publish(messageOf(queue, 'after')).then(
        () => true,
        () => false,
      ),
    );
    await eventually(() => got.length === 2);
    expect(got[1]!.body.toString()).toBe('after');
  });

  it('never takes a queue for deleted that Redis has forgotten: what is sent meanwhile is to be sent later', async () => {
    await using own = await OwnRedis.start();
    const worker = await started({ url: own.url });
    const producer = await started({ url: own.url });
    const queue = newQueue();
    await worker.declare(queue);
    const got = await inboxOf(worker, queue);
    await producer.publish(messageOf(queue, 'before'));
    await eventually(() => got.length === 1);
    const refusals = new Set<string>();
    for (let n = 1; n <= 5; n += 1) {
      await own.ask((redis) => redis.flushall());
      await eventually(() =>
        producer.publish(messageOf(queue, `${n}`)).then(
          () => true,
          ({ code }: { code: string }) => {
            refusals.add(code);
            return false;
          },
        ),
      );
      await eventually(() => got.some(({ body }) => body.toString() === `${n}`));
    }
    expect([...refusals].filter((code) => !['broker_unavailable', 'confirm_lost'].includes(code))).toEqual([]);
  });

  it('is blocked while Redis is full, and goes on delivering', async () => {
    await using own = await OwnRedis.start('--maxmemory-policy', 'noeviction');
    const broker = await started({ url: own.url, beatMs: 50 });
    const queue = newQueue();
    await broker.declare(queue);
    await broker.publish(messageOf(queue, 'one'));
    await broker.publish(messageOf(queue, 'two'));
    await own.ask((redis) => redis.config('SET', 'maxmemory', '1'));
    await expect(broker.publish(messageOf(queue, 'x'))).rejects.toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringContaining('maxmemory') as unknown,
    });
    await inState(broker, 'blocked');
    await own.ask((redis) => redis.config('SET', 'maxmemory', '0'));
    await inState(broker, 'up');
    const got = await inboxOf(broker, queue, 1);
    await eventually(() => got.length === 1);
    await own.ask((redis) => redis.config('SET', 'maxmemory', '1'));
    await inState(broker, 'blocked');
    got[0]!.ack();
    await eventually(() => got.length === 2);
    got[1]!.ack();
    await eventually(async () => (await own.ask((redis) => redis.hlen('unacked'))) === 0);
    await own.ask((redis) => redis.config('SET', 'maxmemory', '0'));
    await inState(broker, 'up');
    await broker.publish(messageOf(queue, 'three'));
    await eventually(() => got.length === 3);
  });

  it('gives up a server that has become a replica, and goes on once it is the master again', async () => {
    await using own = await OwnRedis.start();
    const broker = await started({ url: own.url, beatMs: 50 });
    const queue = newQueue();
    await broker.declare(queue);
    const got = await inboxOf(broker, queue);
    await own.ask((redis) => redis.call('REPLICAOF', '127.0.0.1', '1'));
    await inState(broker, 'down');
    await own.ask((redis) => redis.call('REPLICAOF', 'NO', 'ONE'));
    await inState(broker, 'up');
    await broker.publish(messageOf(queue, 'after'));
    await eventually(() => got.length === 1);
  });

  it('has what it confirmed after Redis was killed, with appendfsync always', async () => {
    await using own = await OwnRedis.start('--appendonly', 'yes', '--appendfsync', 'always');
    const broker = await started({ url: own.url, beatMs: 50 });
    const queue = newQueue();
    await broker.declare(queue);
    await Promise.all(Array.from({ length: 500 }, (_, n) => broker.publish(messageOf(queue, `${n}`))));
    const got = await inboxOf(broker, queue, 20);
    await eventually(() => got.length === 20);
    await own.kill();
    await inState(broker, 'down');
    await own.up();
    await inState(broker, 'up');
    const seen = new Set<string>();
    await eventually(() => {
      for (const delivery of got.splice(0)) {
        seen.add(delivery.body.toString());
        delivery.ack();
      }
      return seen.size === 500;
    });
    await eventually(async () => (await own.ask((redis) => redis.zcard('unacked_index'))) === 0);
  });

  it('says again and again that it holds what it holds', async () => {
    await using own = await OwnRedis.start();
    const broker = await started({ url: own.url, beatMs: 50 });
    const queue = newQueue();
    await broker.declare(queue);
    await broker.publish(messageOf(queue, 'long'));
    const got = await inboxOf(broker, queue);
    await eventually(() => got.length === 1);
    const score = async (): Promise<number> =>
      Number((await own.ask((redis) => redis.zrange('unacked_index', 0, -1, 'WITHSCORES')))[1]);
    const first = await score();
    await eventually(async () => (await score()) > first + 4, { timeoutMs: 15_000 });
    got[0]!.ack();
  }, 20_000);

  describeWithCelery('beside kombu', (python) => {
    const script = (queue: string, code: string): string[] => [
      '-c',
      `import sys, json, kombu\nurl, name = sys.argv[1], sys.argv[2]\nc = kombu.Connection(url)\nq = kombu.Queue(name, kombu.Exchange(name, type='direct'), routing_key=name)\n${code}`,
      url,
      queue,
    ];
    const run = (queue: string, code: string): string => {
      const { stdout, stderr, status } = spawnSync(python, script(queue, code), { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };

    it('takes what kombu sends, at each priority, and tells of its queue', async () => {
      const queue = newQueue();
      run(
        queue,
        `p = c.Producer()
for n in (None, 0, 3, 9): p.publish({'n': n}, exchange='', routing_key=name, priority=n, declare=[q], headers={'id': str(n)}, correlation_id='c')`,
      );
      const broker = await started();
      expect((await broker.depth(queue)).ready).toBe(4);
      const got = await inboxOf(broker, queue);
      await eventually(() => got.length === 4);
      expect(got.map((one) => JSON.parse(one.body.toString()) as unknown)).toEqual([
        { n: null },
        { n: 0 },
        { n: 3 },
        { n: 9 },
      ]);
      expect(got[3]).toMatchObject({
        contentType: 'application/json',
        headers: { id: '9' },
        correlationId: 'c',
        level: 'low',
      });
      for (const delivery of got) delivery.ack();
    });

    it('keeps one order with what kombu sends, in queues that both send to', async () => {
      const queue = newQueue();
      const broker = await started({ celeryQueues: [queue] });
      await broker.declare(queue);
      const send = `c.Producer().publish('kombu', exchange='', routing_key=name, declare=[q])`;
      await broker.publish(messageOf(queue, 'low', { priority: 0 }));
      run(queue, send);
      await broker.publish(messageOf(queue, 'none'));
      const got = await inboxOf(broker, queue);
      await eventually(() => got.length === 3);
      expect(got.map(({ body }) => body.toString())).toEqual(['low', 'kombu', 'none']);
    });

    it('sends what kombu takes', async () => {
      const queue = newQueue();
      const broker = await started();
      await broker.declare(queue);
      for (const priority of [undefined, 9, 0])
        await broker.publish(messageOf(queue, JSON.stringify([priority ?? null]), { priority, headers: { id: 'ž' } }));
      const out = run(
        queue,
        `got = []
def on(body, m):
  got.append([body, m.headers, m.content_type, bool(m.delivery_info.get('redelivered'))]); m.ack()
with c.Consumer([q], callbacks=[on]):
  while len(got) < 3: c.drain_events(timeout=10)
print(json.dumps(got))`,
      );
      expect(JSON.parse(out)).toEqual([
        [[9], { id: 'ž' }, 'application/json', false],
        [[null], { id: 'ž' }, 'application/json', false],
        [[0], { id: 'ž' }, 'application/json', false],
      ]);
    });

    it('keeps what it holds for longer than the visibility timeout of kombu, which looks all the while', async () => {
      const queue = newQueue();
      const broker = await started({ beatMs: 100, renewAfterMs: 200 });
      await broker.declare(queue);
      await broker.publish(messageOf(queue, '[1]'));
      const got = await inboxOf(broker, queue);
      await eventually(() => got.length === 1);
      const look = `import time
d = kombu.Connection(url, transport_options={'visibility_timeout': 4})
with d.channel() as ch:
  end = time.time() + 9
  while time.time() < end:
    ch.client.delete('unacked_mutex')
    ch.qos.restore_visible(num=1000)
    time.sleep(0.05)
print('LOOKED', flush=True)`;
      const looking = spawn(python, script(queue, look), { stdio: ['ignore', 'pipe', 'inherit'] });
      expect(await once(createInterface(looking.stdout), 'line')).toEqual(['LOOKED']);
      expect(got).toHaveLength(1);
      expect((await broker.depth(queue)).ready).toBe(0);
      got[0]!.ack();
      await eventually(async () => (await broker.unacked([queue])).size === 0);
    }, 30_000);

    it('gets back what a killed kombu consumer held, and kombu what one of ours returns when it stops', async () => {
      const queue = newQueue();
      const broker = await started();
      await broker.declare(queue);
      await broker.publish(messageOf(queue, '[1]'));
      const hold = `def on(body, m): print('HELD', flush=True)
with c.Consumer([q], callbacks=[on]):
  while True: c.drain_events(timeout=30)`;
      const holder = spawn(python, script(queue, hold), { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(createInterface(holder.stdout), 'line');
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      expect(await broker.unacked([queue])).toEqual(new Map([[queue, 1]]));
      // Its visibility timeout is the time that kombu waits; here another consumer of kombu has one of a second.
      run(
        queue,
        `import time
time.sleep(1.1)
d = kombu.Connection(url, transport_options={'visibility_timeout': 1})
with d.channel() as ch: ch.qos.restore_visible(num=10)`,
      );
      const got = await inboxOf(broker, queue);
      await eventually(() => got.length === 1);
      expect(got[0]).toMatchObject({ redelivered: true });
      got[0]!.nack({ requeue: true });
      await eventually(() => got.length === 2);
      const [session] = await ask((redis) => redis.zrange('lovage.sessions', 0, -1));
      expect(session).toBeDefined();
      await broker.stop();
      const out = run(
        queue,
        `got = []
def on(body, m): got.append([body, bool(m.delivery_info.get('redelivered'))]); m.ack()
with c.Consumer([q], callbacks=[on]):
  while len(got) < 1: c.drain_events(timeout=10)
print(json.dumps(got))`,
      );
      expect(JSON.parse(out)).toEqual([[[1], true]]);
    });
  });
});
