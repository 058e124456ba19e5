import { randomUUID } from 'node:crypto';
import type { CeleryBackend } from '@lovage/ports';
import { describeWithRedis, eventually, silentLog, TcpProxy } from '@lovage/testing';
import { Redis } from 'ioredis';
import { openCeleryRedis } from './celery-redis.ts';

const meta = (status: string, result: unknown = null): string => JSON.stringify({ status, result });

describeWithRedis("Celery's result backend on Redis", (url) => {
  let redis: Redis;
  let backend: CeleryBackend;
  beforeAll(async () => {
    redis = new Redis(url);
    backend = openCeleryRedis({ url, expiresMs: 60_000, log: silentLog });
    await backend.start();
  });
  afterAll(async () => {
    await backend.stop();
    await redis.quit();
  });

  test('keeps a state under Celery’s key for its lifetime, and tells who subscribed', async () => {
    const id = randomUUID();
    const told: [string, string][] = [];
    const watch = backend.watch((notice) => told.push([notice.taskId, notice.meta.toString()]));
    watch.follow([id]);
    const key = `celery-task-meta-${id}`;
    await eventually(async () => ((await redis.pubsub('NUMSUB', key)) as unknown[])[1] === 1);
    await backend.store([
      { taskId: id, meta: meta('STARTED'), ready: false },
      { taskId: id, meta: meta('SUCCESS', 5), ready: true },
    ]);
    expect(await redis.get(key)).toBe(meta('SUCCESS', 5));
    expect(await redis.ttl(key)).toBeGreaterThan(50);
    await eventually(() => told.length === 2);
    expect(told).toEqual([
      [id, meta('STARTED')],
      [id, meta('SUCCESS', 5)],
    ]);
    watch.close();
    expect(await backend.load([id, randomUUID()])).toEqual([meta('SUCCESS', 5), null]);
  });

  test.each([
    ['STARTED', 'RETRY', 'RETRY'],
    ['RETRY', 'FAILURE', 'FAILURE'],
    ['FAILURE', 'STARTED', 'FAILURE'],
    ['FAILURE', 'SUCCESS', 'SUCCESS'],
    ['SUCCESS', 'FAILURE', 'SUCCESS'],
    ['SUCCESS', 'PROGRESS', 'SUCCESS'],
  ])('after %s comes %s: %s stays', async (first, second, stays) => {
    const id = randomUUID();
    const state = (status: string) => ({ taskId: id, meta: meta(status), ready: /SUCCESS|FAILURE/.test(status) });
    await backend.store([state(first)]);
    await backend.store([state(second)]);
    expect(await backend.load([id])).toEqual([meta(stays)]);
  });

  test('knows which tasks have not ended, also of what Python wrote', async () => {
    const [open, ended, unknown] = [randomUUID(), randomUUID(), randomUUID()];
    await redis.setex(
      `celery-task-meta-${open}`,
      60,
      '{"status": "STARTED", "result": {"x": "\\"status\\": \\"SUCCESS\\""}}',
    );
    await redis.setex(`celery-task-meta-${ended}`, 60, '{"status": "REVOKED", "result": {}}');
    expect(await backend.withoutEnd([open, ended, unknown])).toEqual([open, unknown]);
  });

  test('counts the parts of a chord once each, in the order of their places', async () => {
    const groupId = randomUUID();
    const part = (index: number) => ({
      groupId,
      groupIndex: index,
      taskId: `${groupId}-${index}`,
      part: `[1, "${index}", "SUCCESS", ${index}]`,
    });
    expect(await backend.addChordPart(part(0))).toEqual({ done: 1, size: null });
    await backend.setChordSize(groupId, 2);
    expect(await backend.addChordPart(part(1))).toEqual({ done: 2, size: 2 });
    expect(await backend.addChordPart(part(1))).toEqual({ done: 2, size: 2 });
    expect(await backend.chordParts(groupId)).toEqual([part(0).part, part(1).part]);
    expect(await redis.ttl(`celery-taskset-meta-${groupId}.j`)).toBeGreaterThan(50);
    // The last one is dealt with when the chord is.
    const ids = [0, 1, 2].map((index) => part(index).taskId);
    expect(await backend.withoutPart(ids)).toEqual(ids.slice(1));
    await backend.endChord({ groupId, taskId: ids[1]!, keep: true });
    expect(await backend.chordParts(groupId)).toHaveLength(2);
    await backend.endChord({ groupId, taskId: ids[1]! });
    expect(await backend.withoutPart(ids)).toEqual(ids.slice(2));
    expect(await redis.keys(`celery-taskset-meta-${groupId}*`)).toEqual([]);
  });

  test('fails at once while the server is away, and is there again by itself', async () => {
    const proxy = await TcpProxy.before(url);
    const through = openCeleryRedis({ url: proxy.url, log: silentLog });
    const changes: boolean[] = [];
    through.onChange((isUp) => changes.push(isUp));
    await through.start();
    await eventually(() => through.isUp);
    await proxy.refuse();
    await eventually(() => !through.isUp);
    await expect(through.load([randomUUID()])).rejects.toMatchObject({ code: 'celery_backend_unavailable' });
    await proxy.heal();
    await eventually(() => through.isUp);
    expect(await through.load([randomUUID()])).toEqual([null]);
    expect(changes).toEqual([true, false, true]);
    await through.stop();
    await proxy[Symbol.asyncDispose]();
  });
});
