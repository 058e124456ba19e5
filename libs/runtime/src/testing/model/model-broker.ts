import { encodeTask, type EncodedMessage } from '@lovage/celery';
import type { Delivery, TaskRow } from '@lovage/ports';

/** A message as the model's broker keeps it. */
export interface ModelMessage {
  readonly id: string;
  /** -1: its producer states none. */
  readonly generation: number;
  readonly encoded: EncodedMessage;
}

/** What a consumer's deliveries come on. Once cut, nothing that is done with them reaches the broker. */
export interface ModelConnection {
  alive: boolean;
}

/** A broker whose every move is a step of the test. It loses nothing; it may deliver anything again. */
export class ModelBroker {
  readonly ready: ModelMessage[] = [];
  /** All that was ever published, for duplicates. */
  readonly published: ModelMessage[] = [];
  private readonly unacked = new Map<Delivery, { message: ModelMessage; connection: ModelConnection }>();

  publish(message: ModelMessage): void {
    this.ready.push(message);
    this.published.push(message);
  }

  /** Delivers one of the waiting messages. */
  deliver(which: number, connection: ModelConnection): Delivery | undefined {
    const [message] = this.ready.splice(which % Math.max(1, this.ready.length), 1);
    if (!message) return undefined;
    const settle = (requeue: boolean) => {
      if (!connection.alive || !this.unacked.delete(delivery)) return;
      if (requeue) this.ready.push(message);
    };
    const delivery: Delivery = {
      ...message.encoded,
      queue: 'default',
      correlationId: message.id,
      replyTo: undefined,
      priority: undefined,
      level: 'normal',
      redelivered: false,
      ack: () => settle(false),
      nack: ({ requeue }) => settle(requeue),
    };
    this.unacked.set(delivery, { message, connection });
    return delivery;
  }

  /** The connection breaks: what is unacked on it waits again. */
  cut(connection: ModelConnection): void {
    connection.alive = false;
    for (const [delivery, held] of [...this.unacked])
      if (held.connection === connection) {
        this.unacked.delete(delivery);
        this.ready.push(held.message);
      }
  }

  /** Whether a message that may run this generation waits, or is in somebody's hands. */
  has(id: string, generation: number): boolean {
    const fits = (message: ModelMessage) =>
      message.id === id && (message.generation === generation || message.generation < 0);
    return this.ready.some(fits) || [...this.unacked.values()].some(({ message }) => fits(message));
  }

  get empty(): boolean {
    return this.ready.length === 0 && this.unacked.size === 0;
  }
}

export function messageOf(
  task: Pick<TaskRow, 'id' | 'name' | 'rootId' | 'expiresAt'>,
  sending: { generation: number; retries: number; hasRow: boolean },
): ModelMessage {
  const { id, name, rootId, expiresAt } = task;
  const newTask = expiresAt === null ? undefined : { expiresAt };
  const { generation, retries, hasRow } = sending;
  const parts = { id, name, rootId, parentId: null, inputJson: '{}', expiresAt, newTask };
  const encoded = encodeTask({ ...parts, generation: Math.max(0, generation), retries, hasRow });
  if (generation < 0) delete (encoded.headers as Record<string, unknown>)['x-lovage-turn'];
  return { id, generation, encoded };
}
