import { eventually, makeReadOnly, testDatabase } from '@lovage/testing';
import { Brokers, Deliveries, message } from './testing/brokers.ts';

test('a Postgres that only reads is no broker; once it writes again all goes on, on connections made anew', async () => {
  await using db = await testDatabase({ migrated: false });
  await using brokers = new Brokers(db.url);
  const broker = await brokers.start();
  await broker.declare('q');
  const deliveries = new Deliveries();
  await broker.consume('q', { prefetch: 10, onDelivery: deliveries.onDelivery });
  await broker.publish(message('q', 'before'));
  (await deliveries.next()).ack();
  const writeAgain = await makeReadOnly(db);
  await eventually(() => broker.state === 'down');
  await expect(broker.publish(message('q', 'meanwhile'))).rejects.toMatchObject({ code: 'broker_unavailable' });
  // It must not come up on a connection that stays read-only.
  await expect(brokers.make({ connectTimeoutMs: 300 }).start()).rejects.toMatchObject({ code: 'broker_unavailable' });
  expect(broker.state).toBe('down');
  await writeAgain();
  await eventually(() => broker.state === 'up');
  await broker.publish(message('q', 'after'));
  const delivery = await deliveries.next();
  expect(delivery.body.toString()).toBe('after');
  delivery.ack();
});
