import type { Broker, Log, OutboxStore, OutgoingMessage, TaskRow } from '@lovage/ports';

/** A message of the outbox that is leased to this process. */
export interface LeasedMessage {
  readonly task: TaskRow;
  readonly generation: number;
}

export interface SendLeasedDeps {
  readonly broker: Pick<Broker, 'publish'>;
  readonly outbox: Pick<OutboxStore, 'published' | 'release'>;
  readonly log: Log;
  /** Makes the message of a row. */
  messageOf(row: TaskRow): OutgoingMessage;
}

/**
 * Sends messages that a worker has leased, and tells the outbox of each whether it was sent: what was not, a beat's relay sends.
 * @returns whether all of them were sent.
 * @throws StoreUnavailableError the outbox cannot be told: messages may be sent twice.
 */
export async function sendLeased(
  messages: readonly LeasedMessage[],
  { broker, outbox, log, messageOf }: SendLeasedDeps,
): Promise<boolean> {
  const sent: { taskId: string; generation: number }[] = [];
  const unsent: typeof sent = [];
  await Promise.all(
    messages.map(async ({ task, generation }) => {
      const { id: taskId } = task;
      try {
        await broker.publish(messageOf(task));
        sent.push({ taskId, generation });
      } catch (error) {
        log.debug({ err: error, task: taskId }, 'a task could not be sent from here; the relay sends it');
        unsent.push({ taskId, generation });
      }
    }),
  );
  // In the order of ids, as everything that locks rows of tasks.
  if (sent.length > 0) await outbox.published(sent.sort((a, b) => (a.taskId < b.taskId ? -1 : 1)));
  if (unsent.length > 0) await outbox.release(unsent, 0);
  return unsent.length === 0;
}
