import { brokerConformance } from '@lovage/conformance';
import { describeWithRabbit, silentLog } from '@lovage/testing';
import { RabbitBroker } from './rabbit-broker.ts';
import { DEAD_LETTERS } from './topology/queue-arguments.ts';

describeWithRabbit('RabbitMQ adapter', ({ url }) => {
  for (const queueKind of ['quorum', 'celery'] as const) {
    brokerConformance({
      name: `RabbitMQ, ${queueKind} queues`,
      create: () =>
        Promise.resolve({
          url,
          connect: (options) => new RabbitBroker({ url, queueKind, log: silentLog, ...options }),
          child: { module: new URL('./testing/child-broker.ts', import.meta.url).href, options: { url, queueKind } },
          dispose: () => Promise.resolve(),
        }),
      capabilities: { deadLetterQueue: DEAD_LETTERS },
    });
  }
});
