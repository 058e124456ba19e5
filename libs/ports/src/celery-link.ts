/** A message of Celery's remote control, as it came. Anyone who may publish to the broker can send one. */
export interface ControlMessage {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType: string | undefined;
}

export interface CeleryLinkOptions {
  /** Name of this node, `<name>@<host>`: its mailbox is named by it. */
  readonly node: string;
  /** Gets each request of the mailbox, at once. Left out: there is no mailbox. It must not throw. */
  readonly onControl?: ((message: ControlMessage) => void) | undefined;
}

/**
 * What a worker exchanges with Celery's tools beside tasks: events, and requests of the remote control. All of it is best effort: what
 * cannot be sent at once is dropped, since nothing but a monitor's picture depends on it.
 */
export interface CeleryLink {
  /**
   * Publishes to the exchange of the events.
   * @param routingKey as `worker.heartbeat`, `task.multi`
   * @param body JSON
   * @returns false: dropped, for the connection is away, blocked or slow.
   */
  publishEvent(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean;
  /**
   * Publishes to the exchange of the events and finds out whether any queue took it: without a monitor there is no need to make events.
   * @returns false also when the connection is away.
   */
  isHeard(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): Promise<boolean>;
  /**
   * Answers a request, through the exchange of the replies and no other.
   * @param routingKey of the one who asked
   * @returns false: dropped.
   */
  reply(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean;
  /** Sends what was published, then closes. Idempotent. */
  close(): Promise<void>;
}
