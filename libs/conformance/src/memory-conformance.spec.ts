import { deferred } from '@lovage/foundation';
import { MemoryBroker, MemoryLine, MemoryServer } from '@lovage/testing';
import { brokerConformance } from './broker/broker-conformance.ts';
import type { BrokerChild, BrokerChildTask } from './broker/under-test.ts';

brokerConformance({
  name: 'the broker in memory',
  capabilities: { deadLetterQueue: 'lovage.dead', levels: true, blocks: true },
  create() {
    const server = new MemoryServer();
    return Promise.resolve({
      url: 'memory://here',
      connect: () => new MemoryBroker({ server }),
      line: () => {
        const line = new MemoryLine();
        return Promise.resolve({
          connect: (options?: { connectTimeoutMs?: number }) => new MemoryBroker({ server, line, ...options }),
          get connections() {
            return line.connections;
          },
          ...{ cut: () => line.cut(), refuse: () => line.refuse(), close: () => line.refuse() },
          ...{ blackhole: () => line.blackhole(), holdAnswers: () => line.holdAnswers(), heal: () => line.heal() },
        });
      },
      alarm: () => {
        const broker = new MemoryBroker({ server });
        return Promise.resolve({
          connect: () => broker,
          raise: (reason: string) => broker.block(reason),
          clear: () => broker.unblock(),
          close: () => undefined,
        });
      },
      child: { module: new URL('./testing/memory-child.ts', import.meta.url).href, options: {} },
      holder: (task: BrokerChildTask) => holder(server, task),
      dispose: () => Promise.resolve(),
    });
  },
});

/** A process that is killed takes its line with it. */
function holder(server: MemoryServer, { queue, prefetch, ackFirst }: BrokerChildTask): BrokerChild {
  const line = new MemoryLine();
  const broker = new MemoryBroker({ server, line });
  const reports: string[] = [];
  let wake = (): void => undefined;
  let toAck = ackFirst;
  void broker.start().then(() =>
    broker.consume(queue, {
      prefetch,
      onDelivery(delivery) {
        if (toAck-- > 0) delivery.ack();
        reports.push(delivery.body.toString());
        wake();
      },
    }),
  );
  const ended = deferred<{ code: null; signal: NodeJS.Signals }>();
  return {
    ended: ended.promise,
    kill(signal) {
      line.refuse();
      void broker.stop();
      ended.resolve({ code: null, signal });
    },
    async next() {
      while (reports.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return { kind: 'delivery', body: reports.shift()! };
    },
  };
}
