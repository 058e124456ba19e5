import { randomUUID } from 'node:crypto';
import { brokerConformance } from '@lovage/conformance';
import { describeWithRedis, silentLog } from '@lovage/testing';
import { RedisBroker } from './redis-broker.ts';

describeWithRedis('Redis adapter', (url) => {
  // Its own: others may use this database as well.
  const deadLetterQueue = `conformance.dead.${randomUUID()}`;
  brokerConformance({
    name: 'Redis',
    capabilities: { deadLetterQueue, levels: true, blocks: true, remoteControl: true },
    create: () =>
      Promise.resolve({
        url,
        connect: (options) => new RedisBroker({ url, deadLetterQueue, log: silentLog, ...options }),
        alarm: () => {
          let full: string | undefined;
          const askFull = (): Promise<string | undefined> => Promise.resolve(full);
          return Promise.resolve({
            connect: () => new RedisBroker({ url, deadLetterQueue, log: silentLog, askFull, beatMs: 20 }),
            raise: (reason) => (full = reason),
            clear: () => (full = undefined),
            close: () => undefined,
          });
        },
        child: { module: new URL('./testing/child.ts', import.meta.url).href, options: { url, deadLetterQueue } },
        dispose: async () => {
          const broker = new RedisBroker({ url, deadLetterQueue, log: silentLog });
          await broker.start();
          await broker.deleteQueue(deadLetterQueue);
          await broker.stop();
        },
      }),
  });
});
