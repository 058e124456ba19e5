import { setTimeout as pause } from 'node:timers/promises';
import { encodeTask } from '@lovage/celery';
import type { Broker, OutboxStore, OutgoingMessage, TaskRow } from '@lovage/ports';

/** The message of a row, as far as these tests need it: the maker of real ones does not belong to this layer. */
export function messageOf(task: TaskRow): OutgoingMessage {
  return {
    queue: task.queue,
    priority: task.priority ?? undefined,
    ...encodeTask({
      id: task.id,
      name: task.name,
      inputJson: JSON.stringify(task.input),
      rootId: null,
      parentId: null,
      retries: task.retries,
      generation: task.generation,
      hasRow: true,
      stamp: task.stamp ?? null,
      ...(task.extra && { newTask: { extra: task.extra } }),
      replyTo: (task.message as { replyTo?: string } | null)?.replyTo,
    }),
  };
}

/** Sends what is due in the outbox until it is disposed of: the relay of a beat, which does not belong to this layer, in short. */
export function relay(outbox: OutboxStore, broker: Broker): AsyncDisposable {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const items = await outbox.leaseDue({ withinMs: 0, leaseMs: 10_000, limit: 500 });
      for (const { task } of items) await broker.publish(messageOf(task));
      if (items.length > 0) await outbox.published(items);
      else await pause(5);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running;
    },
  };
}
