import type { ControlMessage } from './celery-link.ts';

export interface CeleryConsoleOptions {
  /** Gets each answer, at once. It must not throw. */
  readonly onReply: (message: ControlMessage) => void;
}

/** Asks nodes by Celery's remote control: our workers, and Celery's where the broker has those. */
export interface CeleryConsole {
  /** Where answers come, as requests name it; of this console alone, and the same over reconnects. */
  readonly address: string;
  /**
   * To all nodes; each looks whether it is meant.
   * @param answersMs so long from now answers are of interest; later ones may be dropped.
   * @returns false: dropped, for the connection is away or blocked, or the request is larger than the broker takes: 7 KiB fit each.
   */
  request(body: Buffer, headers: Readonly<Record<string, unknown>>, answersMs: number): boolean;
  /** Idempotent. */
  close(): Promise<void>;
}

/** An event of Celery's, or several in one message, as they came. Anyone who may publish to the broker can send them. */
export interface CeleryEventsMessage {
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

/**
 * What a listener hears, by routing key: one by one, since a worker of ours makes events of tasks only while somebody listens to others,
 * too (`task.listening`).
 */
export const CELERY_EVENT_KINDS = [
  ...['worker.online', 'worker.heartbeat', 'worker.offline', 'task.multi', 'task.sent', 'task.received'],
  ...['task.started', 'task.succeeded', 'task.failed', 'task.retried', 'task.revoked', 'task.rejected'],
] as const;

export interface CeleryEventsOptions {
  /**
   * Gets each message; the next ones come when it has resolved. Those that come faster than that are dropped by the broker, the
   * oldest first. It must not reject.
   */
  readonly onEvents: (message: CeleryEventsMessage) => Promise<void>;
}

/** Listens to Celery's events until closed. */
export interface CeleryEventsListener {
  /** Idempotent. */
  close(): Promise<void>;
}
