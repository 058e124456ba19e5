import type { OutboxItem, TaskRow } from '@lovage/ports';
import { eventually, MemoryBroker, silentLog } from '@lovage/testing';
import { DueSender } from './due-sender.ts';

async function open(ids: string[], queueOf: (id: string) => string = () => 'default') {
  const told: string[] = [];
  const broker = new MemoryBroker();
  await broker.start();
  await broker.declare('default');
  const sender = new DueSender({
    log: silentLog,
    messageOf: ({ id, queue }) => ({
      ...{ queue, body: Buffer.from('{}'), contentType: 'application/json', contentEncoding: 'utf-8' },
      ...{ headers: {}, correlationId: id },
    }),
    broker,
    outbox: {
      leaseDue: async ({ limit }) =>
        ids
          .splice(0, limit)
          .map((id) => ({ taskId: id, task: { id, queue: queueOf(id) } as TaskRow, generation: 0 }) as OutboxItem),
      published: async (items) => void told.push(`published ${items.map(({ taskId }) => taskId).join()}`),
      release: async (items) => void told.push(`release ${items.map(({ taskId }) => taskId).join()}`),
    },
  });
  return { sender, told, sent: () => broker.sent.map(({ correlationId }) => correlationId) };
}

test('sends what is due and says so; what fails is for the relay', async () => {
  const { sender, told, sent } = await open(['b', 'a', 'c'], (id) => (id === 'c' ? 'no-such-queue' : 'default'));
  sender.wake();
  await eventually(() => told.length === 2);
  await sender.close();
  expect(sent()).toEqual(['b', 'a', 'c']);
  expect(told).toEqual(['published a,b', 'release c']);
});

test('goes on while there is more', async () => {
  const { sender, told, sent } = await open(Array.from({ length: 250 }, (_, n) => `${n}`));
  sender.wake();
  await eventually(() => told.length === 3);
  await sender.close();
  expect(sent()).toHaveLength(250);
});
