import type { ControlMessage } from './celery-link.ts';

export interface CeleryConsoleOptions {
  /** Where answers come, as requests name it; of this process alone. */
  readonly address: string;
  /** Gets each answer, at once. It must not throw. */
  readonly onReply: (message: ControlMessage) => void;
}

/** Asks nodes by Celery's remote control: our workers, and Celery's. */
export interface CeleryConsole {
  readonly address: string;
  /**
   * To all nodes; each looks whether it is meant.
   * @returns false: dropped, for the connection is away or blocked.
   */
  request(body: Buffer, headers: Readonly<Record<string, unknown>>): boolean;
  /** Idempotent. */
  close(): Promise<void>;
}

/** An event of Celery's, or several in one message, as they came. Anyone who may publish to the broker can send them. */
export interface CeleryEventsMessage {
  readonly body: Buffer;
  readonly contentType: string | undefined;
}

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
