import type { Broker } from '@lovage/ports';

export interface ConnectOptions {
  /** Instead of {@link BrokerUnderTest.url}: the same URL with host and port of a proxy, or of a port where nobody listens. */
  readonly url?: string;
  /** Default: the adapter's own. */
  readonly connectTimeoutMs?: number;
}

/** What the suite needs of an adapter. */
export interface BrokerUnderTest {
  /** The server that the adapter talks to, by TCP: host and port are in it. */
  readonly url: string;
  /** A new broker on it, not started, as another process would make one. The suite starts and stops it. */
  connect(options?: ConnectOptions): Broker;
  /**
   * The same in a process of its own: the file URL of a module that exports `createBroker(options): Broker`, not started,
   * and the options for it (JSON).
   */
  readonly child: { readonly module: string; readonly options: unknown };
  /** Drops what the tests left on the server: after the last test. */
  dispose(): Promise<void>;
}

export interface BrokerCapabilities {
  /** Where a message goes that was refused without requeue. Absent: it is dropped. */
  readonly deadLetterQueue?: string;
  /** Its queues have bands (`bandOf` of libs/ports). Absent: a priority is a property of the message and no more. */
  readonly bands?: boolean;
  /** Until the messages of a killed process are delivered again, ms. Default 15,000. */
  readonly redeliveryAfterKillMs?: number;
}

export interface BrokerConformanceOptions {
  /** For the title. */
  readonly name: string;
  /** Called once. */
  create(): Promise<BrokerUnderTest>;
  readonly capabilities: BrokerCapabilities;
}
