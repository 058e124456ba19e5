import type { ConfirmChannel } from 'amqplib';
import { publishFrame } from './publish-frame.ts';

/** Properties of a message for the default exchange. */
export interface MessageProperties {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly priority?: number | undefined;
}

type Confirm = (error: Error | null) => void;

/** What amqplib's own `publish` is made of; not among its types. */
interface ConfirmChannelSteps {
  /** Replaced on the channel itself once it is closing: it throws then. */
  sendMessage(fields: object, properties: object, content: Buffer): boolean;
  pushConfirmCallback(confirm: Confirm): void;
  readonly ch: number;
  readonly connection: {
    /** What each channel has to write, in its order; heartbeats ask whether anything was sent. */
    readonly channels?: readonly ({ readonly buffer?: { write(bytes: Buffer): boolean } } | null | undefined)[];
    sentSinceLastCheck?: boolean;
  };
}

/**
 * Publishes to the default exchange: persistent, mandatory, answered by `confirm`.
 *
 * It does what `channel.publish` does, without its copy of the headers: that is an object whose prototype they are, and walking it
 * takes 12 µs for Celery's headers, a third of the whole publish. Where it can, it also makes the bytes ({@link publishFrame}).
 * @throws whatever amqplib throws: nothing was sent then.
 */
export function publishLean(
  channel: ConfirmChannel,
  queue: string,
  body: Buffer,
  properties: MessageProperties,
  messageId: string,
  confirm: Confirm,
): void {
  const steps = channel as unknown as ConfirmChannelSteps;
  const { connection, ch } = steps;
  const buffer = Object.hasOwn(steps, 'sendMessage') ? undefined : connection.channels?.[ch]?.buffer;
  const bytes = buffer && publishFrame(ch, queue, body, properties, messageId);
  if (buffer && bytes) {
    connection.sentSinceLastCheck = true;
    buffer.write(bytes);
    steps.pushConfirmCallback(confirm);
    return;
  }
  const frame = {
    exchange: '',
    routingKey: queue,
    mandatory: true,
    immediate: false,
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    headers: properties.headers,
    deliveryMode: 2,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    priority: properties.priority,
    messageId,
  };
  steps.sendMessage(frame, frame, body);
  steps.pushConfirmCallback(confirm);
}
