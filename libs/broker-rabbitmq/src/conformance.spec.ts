import { brokerConformance } from '@lovage/conformance';
import { describeWithRabbit, silentLog } from '@lovage/testing';
import { RabbitBroker } from './rabbit-broker.ts';
import { blocked as alarmed, SpeakingProxy, unblocked } from './testing/speaking-proxy.ts';

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
          alarm: async () => {
            const proxy = await SpeakingProxy.before(url);
            return {
              connect: () => new RabbitBroker({ url: proxy.url, queueKind, deadLetterQueue, log: silentLog }),
              raise: (reason) => proxy.say(alarmed(reason), 'publish'),
              clear: () => proxy.say(unblocked(), 'publish'),
              close: () => proxy[Symbol.asyncDispose](),
            };
          },
          child: {
            module: new URL('./testing/child-broker.ts', import.meta.url).href,
            options: { url, queueKind, deadLetterQueue },
          },
          dispose: () => Promise.resolve(),
        }),
      capabilities: {
        deadLetterQueue,
        levels: queueKind === 'quorum',
        blocks: true,
        remoteControl: queueKind === 'celery',
      },
    });
  }
});
