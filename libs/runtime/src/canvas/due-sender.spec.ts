import type { OutboxItem, OutgoingMessage, TaskRow } from '@lovage/ports';
import { eventually, silentLog } from '@lovage/testing';
import { DueSender } from './due-sender.ts';

function open(ids: string[], fails: readonly string[] = []) {
  const told: string[] = [];
  const sender = new DueSender({
    log: silentLog,
    messageOf: (row) => ({ queue: row.id }) as OutgoingMessage,
    broker: {
      publish: async ({ queue }) => {
        if (fails.includes(queue)) throw new Error('no');
        told.push(`publish ${queue}`);
      },
    },
    outbox: {
      leaseDue: async ({ limit }) =>
        ids
          .splice(0, limit)
          .map((id) => ({ taskId: id, task: { id } as TaskRow, generation: 0, dueInMs: 0 }) as OutboxItem),
      published: async (items) => void told.push(`published ${items.map(({ taskId }) => taskId).join()}`),
      release: async (items) => void told.push(`release ${items.map(({ taskId }) => taskId).join()}`),
    },
  });
  return { sender, told };
}

test('sends what is due and says so; what fails is for the relay', async () => {
  const { sender, told } = open(['b', 'a', 'c'], ['c']);
  sender.wake();
  await eventually(() => told.length === 4);
  await sender.close();
  expect(told).toEqual(['publish b', 'publish a', 'published a,b', 'release c']);
});

test('goes on while there is more', async () => {
  const { sender, told } = open(Array.from({ length: 250 }, (_, n) => `${n}`));
  sender.wake();
  await eventually(() => told.some((one) => one.endsWith(',249') || one.includes('249')));
  await sender.close();
  expect(told.filter((one) => one.startsWith('publish '))).toHaveLength(250);
});
