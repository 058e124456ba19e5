export type BrokerKind = 'rabbitmq' | 'redis';

/** A broker's server of our own, which scenarios may take away. */
export interface BrokerServer {
  readonly kind: BrokerKind;
  /** For `BROKER_URL`. */
  readonly url: string;
  /** Starts it again; resolves when it takes connections. @throws Error with the end of its output. */
  up(): Promise<void>;
  /** An orderly stop. */
  down(): Promise<void>;
  /** Messages of a queue that nobody has taken care of; 0 if there is no such queue. */
  ready(queue: string): Promise<number>;
  version(): Promise<string>;
  dispose(): Promise<void>;
}

/** A program that a scenario needs is not on this machine. */
export class ServerMissingError extends Error {}
