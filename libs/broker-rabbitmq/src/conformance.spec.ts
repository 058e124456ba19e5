import { brokerConformance } from '@lovage/conformance';
import { describeWithRabbit, silentLog } from '@lovage/testing';
import { RabbitBroker } from './rabbit-broker.ts';

describeWithRabbit('RabbitMQ adapter', (rabbit) => {
  const { url } = rabbit;
  // Its own: where a platform runs on the same virtual host, it collects those of the usual name.
  const deadLetterQueue = rabbit.queue('dead');
  rabbit.alsoDeleteExchanges(deadLetterQueue);
  for (const queueKind of ['quorum', 'celery'] as const) {
    brokerConformance({
      name: `RabbitMQ, ${queueKind} queues`,
      create: () =>
        Promise.resolve({
          url,
          connect: (options) => new RabbitBroker({ url, queueKind, deadLetterQueue, log: silentLog, ...options }),
          child: {
            module: new URL('./testing/child-broker.ts', import.meta.url).href,
            options: { url, queueKind, deadLetterQueue },
          },
          dispose: () => Promise.resolve(),
        }),
      capabilities: { deadLetterQueue, bands: queueKind === 'quorum' },
    });
  }
});
