import type { Delivery, MessageDeath, PriorityLevel } from '@lovage/ports';
import { readProperties, type StoredProperties } from '../publish/properties.ts';
import type { Row } from '../connection/statement.ts';
import { levelOfId } from '../queues/message-order.ts';

/** How a held message was settled. */
export type Settlement = 'ack' | 'requeue' | 'refuse';

/** Holds the message until it is settled. */
export interface Holder {
  readonly queue: string;
  settle(message: TakenMessage, how: Settlement): void;
}

/** A message as `TAKE` returned it. */
export class TakenMessage implements Delivery {
  readonly id: number;
  readonly redelivered: boolean;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Queue that it was refused in; null: it was not. */
  private readonly refusedBy: string | null;
  private readonly properties: StoredProperties;
  private settled = false;

  constructor(
    private readonly holder: Holder,
    /** Which of the holder's sessions took it. */
    readonly session: number,
    row: Row,
  ) {
    this.id = row[0] as number;
    this.redelivered = row[1] as boolean;
    this.refusedBy = row[2] as string | null;
    this.properties = readProperties(row[3] as string);
    this.headers = this.properties.headers;
    this.body = row[4] as Buffer;
  }

  get queue(): string {
    return this.holder.queue;
  }

  /** Ids of messages are never given twice. */
  get identity(): string {
    return String(this.id);
  }

  get contentType(): string | undefined {
    return this.properties.contentType;
  }

  get contentEncoding(): string | undefined {
    return this.properties.contentEncoding;
  }

  get correlationId(): string | undefined {
    return this.properties.correlationId;
  }

  get replyTo(): string | undefined {
    return this.properties.replyTo;
  }

  get priority(): number | undefined {
    return this.properties.priority;
  }

  get level(): PriorityLevel {
    return levelOfId(this.id);
  }

  get death(): MessageDeath | undefined {
    if (this.refusedBy === null) return undefined;
    return { queue: this.refusedBy, reason: 'rejected', at: this.properties.diedAt ?? null, count: 1 };
  }

  ack(): void {
    this.settle('ack');
  }

  nack(options: { requeue: boolean }): void {
    this.settle(options.requeue ? 'requeue' : 'refuse');
  }

  private settle(how: Settlement): void {
    if (this.settled) return;
    this.settled = true;
    this.holder.settle(this, how);
  }
}
