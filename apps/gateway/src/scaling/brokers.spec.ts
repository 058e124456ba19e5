import { newId } from '@lovage/foundation';
import type { ScalingDocument } from '@lovage/http-api';
import { openPlatform } from '@lovage/platform';
import { defineTask } from '@lovage/task';
import {
  describeWithRabbit,
  describeWithRedis,
  eventually,
  silentLog,
  testDatabase,
  type TestRabbit,
} from '@lovage/testing';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

const contracts = (['full', 'final', 'none'] as const).map((record) =>
  defineTask({ name: `test.${record}`, input: z.strictObject({}), output: z.null(), defaults: { record } }),
);

/** @param urlOf given that of a database, which the embedded broker has */
function countsEachTaskOnce(urlOf: (databaseUrl: string) => string, queue: string): void {
  test('each task counts once, with a row or without, at each priority; away, the rows are told', async () => {
    const db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl: urlOf(db.url), log: silentLog });
    await platform.start();
    const { broker } = platform;
    try {
      await using gateway = await TestGateway.start({ broker, contracts });
      await broker.declare(queue);
      const scaling = async (): Promise<ScalingDocument> =>
        (await gateway.ask(`/api/scaling/${queue}`, { as: 'viewer' })).json<ScalingDocument>();
      for (const { name } of contracts)
        for (const priority of [1, 9]) {
          const answer = await gateway.ask(`/api/tasks/${name}`, { body: { input: {}, options: { queue, priority } } });
          expect(answer.status).toBe(202);
        }
      // An answer serves for a second, and a server may count a moment later.
      const counted = await eventually(async () => {
        const answer = await scaling();
        return answer.messages === 6 ? answer : undefined;
      });
      expect(counted).toMatchObject({ ready: 6, messages: 6, running: 0, drainPerSecond: null, approximate: false });
      expect(await broker.purge(queue)).toBe(6);
      await broker.deleteQueue(queue);
      await platform.stop();
      const away = await eventually(async () => {
        const answer = await scaling();
        return answer.messages === null ? answer : undefined;
      });
      expect(away).toMatchObject({ ready: 2, messages: null });
    } finally {
      await platform.stop();
      await db.drop();
    }
  });
}

describe('embedded', () => countsEachTaskOnce((url) => url, 'default'));
describeWithRabbit('RabbitMQ', (rabbit: TestRabbit) => countsEachTaskOnce(() => rabbit.url, rabbit.queue('scaling')));
describeWithRedis('Redis', (url) => countsEachTaskOnce(() => url, `scaling-${newId()}`));
