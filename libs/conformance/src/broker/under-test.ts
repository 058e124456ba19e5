import type { Broker } from '@lovage/ports';

export interface ConnectOptions {
  /** Instead of {@link BrokerUnderTest.url}: the same URL with host and port of a proxy, or of a port where nobody listens. */
  readonly url?: string;
  /** Default: the adapter's own. */
  readonly connectTimeoutMs?: number;
}

/** The way from a broker to its server, which a test breaks and mends. `TcpProxy` of libs/testing tells what each call does. */
export interface Line {
  /** A new broker, not started, that reaches the server through this line alone. */
  connect(options?: Omit<ConnectOptions, 'url'>): Broker;
  /** Connections open through it. */
  readonly connections: number;
  cut(): void;
  refuse(): Promise<void> | void;
  blackhole(): void;
  holdAnswers(): void;
  heal(): Promise<void> | void;
  close(): Promise<void> | void;
}

/** A server that stops taking messages, or plays that it does. */
export interface Alarm {
  /** A new broker, not started, that hears of it. */
  connect(): Broker;
  raise(reason: string): void;
  clear(): void;
  close(): Promise<void> | void;
}

/** What the suite needs of an adapter. */
export interface BrokerUnderTest {
  /** The server that the adapter talks to, by TCP: host and port are in it. */
  readonly url: string;
  /** A new broker on it, not started, as another process would make one. The suite starts and stops it. */
  connect(options?: ConnectOptions): Broker;
  /** Default: a TCP proxy before {@link url}. */
  line?(): Promise<Line>;
  /** With the capability `blocks`. */
  alarm?(): Promise<Alarm>;
  /**
   * The same in a process of its own: the file URL of a module that exports `createBroker(options): Broker`, not started,
   * and the options for it (JSON).
   */
  readonly child: { readonly module: string; readonly options: unknown };
  /** Plays a process that consumes and holds, for a server that no other process can reach. Default: {@link child} does. */
  holder?(task: BrokerChildTask): BrokerChild;
  /** Drops what the tests left on the server: after the last test. */
  dispose(): Promise<void>;
}

/** What a child process is told to do; see `child-main.ts`. */
export interface BrokerChildTask {
  /** `hold`: consume and keep. `stop`: start everything, stop, and end by itself. */
  readonly mode: 'hold' | 'stop';
  readonly queue: string;
  readonly prefetch: number;
  /** Acks this many deliveries before it holds. */
  readonly ackFirst: number;
}

export interface ChildReport {
  readonly kind: 'delivery' | 'stopped' | 'failed';
  readonly body?: string;
  readonly error?: string;
}

export interface BrokerChild {
  /** The next report, which must be of this kind. */
  next(kind: ChildReport['kind']): Promise<ChildReport>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface BrokerCapabilities {
  /** Where a message goes that was refused without requeue. Absent: it is dropped. */
  readonly deadLetterQueue?: string;
  /** Its queues have priority levels (`levelOf` of libs/ports). Absent: a priority is a property of the message and no more. */
  readonly levels?: boolean;
  /** Its server may stop taking messages and say so (`BrokerState`). Absent: it never does. */
  readonly blocks?: boolean;
  /** Nodes can be asked over it (`openCelery`, `openCeleryConsole`). Absent: they cannot. */
  readonly remoteControl?: boolean;
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
