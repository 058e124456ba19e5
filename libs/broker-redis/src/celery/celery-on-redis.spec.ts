import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { deferred } from '@lovage/foundation';
import type { CeleryEventsMessage } from '@lovage/ports';
import { describeWithRedis, eventually, silentLog } from '@lovage/testing';
import { Redis } from 'ioredis';
import { bindingKey, boundMember, CONSOLES } from '../keys.ts';
import { RedisBroker } from '../redis-broker.ts';

const REPLIES = 'reply.celery.pidbox';

describeWithRedis("Celery's remote control and events on Redis", (url) => {
  let broker: RedisBroker;
  let redis: Redis;
  beforeEach(async () => {
    const own = `celery-on-redis.${process.pid}`;
    broker = new RedisBroker({ url, log: silentLog, applicationName: own, deadLetterQueue: own });
    redis = new Redis(url);
    await broker.start();
  });
  afterEach(async () => {
    await broker.stop();
    redis.disconnect();
  });

  const isBound = async (member: string): Promise<boolean> =>
    (await redis.sismember(bindingKey(REPLIES), member)) === 1 && (await redis.zscore(CONSOLES, member)) !== null;

  it('binds a list only while answers are awaited, and removes those of consoles that are gone', async () => {
    const console = await broker.openCeleryConsole({ onReply: () => undefined });
    const list = `${console.address}.${REPLIES}`;
    const member = boundMember(console.address, list);
    console.request(Buffer.from('{}'), {}, 60_000);
    await eventually(() => isBound(member));
    await console.close();
    expect(await isBound(member)).toBe(false);
    expect(await redis.exists(list)).toBe(0);
    expect(console.request(Buffer.from('{}'), {}, 60_000)).toBe(false);

    // Its gateway was killed.
    const gone = boundMember('gone', `gone.${REPLIES}`);
    await redis
      .multi()
      .sadd(bindingKey(REPLIES), gone)
      .zadd(CONSOLES, Date.now() - 61_000, gone)
      .lpush(`gone.${REPLIES}`, 'late')
      .exec();
    const next = await broker.openCeleryConsole({ onReply: () => undefined });
    next.request(Buffer.from('{}'), {}, 50);
    await eventually(async () => !(await isBound(gone)) && (await redis.exists(`gone.${REPLIES}`)) === 0);
    await eventually(async () => !(await isBound(boundMember(next.address, `${next.address}.${REPLIES}`))));
    await next.close();
  });

  it('hears events of the kinds that are asked for, also after the connection broke', async () => {
    const heard: string[] = [];
    const listener = await broker.listenToCelery({
      onEvents: ({ body }: CeleryEventsMessage) => Promise.resolve(void heard.push(body.toString())),
    });
    const link = await broker.openCelery({ node: 'a@b' });
    const mine = (name: string): string => `"celery-on-redis ${process.pid} ${name}"`;
    const send = (key: string, name: string): boolean => link.publishEvent(key, Buffer.from(mine(name)), {});
    await eventually(() => {
      send('worker.heartbeat', 'a');
      return heard.includes(mine('a'));
    });
    // Who is heard by this platform alone makes no events of tasks for it.
    expect(await link.isHeard('task.listening', Buffer.from('[]'), {})).toBe(false);
    const clients = String(await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
    const id = clients
      .find((line) => line.includes(`name=celery-on-redis.${process.pid}-events`))
      ?.match(/^id=(\d+)/)?.[1];
    await redis.call('CLIENT', 'KILL', 'ID', id!);
    await eventually(() => {
      send('task.multi', 'b');
      return heard.includes(mine('b'));
    });
    expect(broker.state).toBe('up');
    await listener.close();
    await link.close();
  });

  it('keeps the newest 10,000 messages of a flood, and handles 20 at once', async () => {
    const gate = deferred<void>();
    const heard: number[] = [];
    const listener = await broker.listenToCelery({
      async onEvents({ body }: CeleryEventsMessage) {
        const [whose, n] = JSON.parse(body.toString()) as [number, number];
        if (whose === process.pid) heard.push(n);
        await gate.promise;
      },
    });
    const link = await broker.openCelery({ node: 'a@b' });
    for (let n = 0; n < 12_000; n += 1000) {
      const sent = Array.from({ length: 1000 }, (_, m) => Buffer.from(JSON.stringify([process.pid, n + m])));
      for (const body of sent) link.publishEvent('task.multi', body, {});
      await redis.ping();
      await link.isHeard('task.multi', Buffer.from(JSON.stringify([process.pid, -1])), {});
    }
    const all = heard.length;
    expect(all).toBeLessThanOrEqual(20);
    gate.resolve();
    await eventually(() => heard.includes(11_999));
    // The first 20 were being handled; of what followed the oldest were dropped.
    expect([heard.includes(5), heard.includes(100)]).toEqual([true, false]);
    expect(heard.length).toBeLessThan(11_000);
    await listener.close();
    await link.close();
  });
});
