// Entry of a child process of the suite: an adapter alone in its process, to be killed or to end by itself.
import type { Broker } from '@lovage/ports';
import type { ChildOrder } from './child.ts';
import type { ChildReport } from './under-test.ts';

function report(what: ChildReport): void {
  process.send?.(what);
}

async function hold(broker: Broker, order: ChildOrder): Promise<void> {
  let toAck = order.ackFirst;
  await broker.consume(order.queue, {
    prefetch: order.prefetch,
    onDelivery: (delivery) => {
      if (toAck > 0) {
        toAck -= 1;
        delivery.ack();
      }
      report({ kind: 'delivery', body: delivery.body.toString() });
    },
  });
}

async function stop(broker: Broker, order: ChildOrder): Promise<void> {
  await broker.declare(order.queue);
  await broker.consume(order.queue, { prefetch: order.prefetch, onDelivery: () => undefined });
  await broker.openReplies(() => undefined);
  await broker.publish({
    queue: order.queue,
    body: Buffer.from('one'),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
  });
  await broker.stop();
  report({ kind: 'stopped' });
  // From here on nothing but a leak of the adapter keeps this process alive.
  process.disconnect();
}

process.once('message', (order: ChildOrder) => {
  const run = async (): Promise<void> => {
    const { createBroker } = (await import(order.module)) as { createBroker: (options: unknown) => Broker };
    const broker = createBroker(order.options);
    await broker.start();
    await (order.mode === 'hold' ? hold(broker, order) : stop(broker, order));
  };
  run().catch((error: unknown) => {
    report({ kind: 'failed', error: String(error) });
    process.disconnect();
    process.exitCode = 1;
  });
});
