import { randomUUID } from 'node:crypto';
import { decodeControlReply, encodeControlRequest } from '@lovage/celery';
import { deferred, LovageError, type Deferred } from '@lovage/foundation';
import {
  BrokerUnavailableError,
  isDoneWithin,
  type Broker,
  type CeleryConsole,
  type Clock,
  type ControlMessage,
} from '@lovage/ports';

/** Requests that wait for answers. */
const MAX_OPEN = 100;
/** Nodes that may answer one request, and the bytes of their answers together. */
const MAX_NODES = 2000;
const MAX_BYTES = 16 * 1024 ** 2;

/** So many requests wait for answers already. */
export class ControlBusyError extends LovageError {
  readonly code = 'control_busy';
}

/** What is asked, and of whom. */
export interface ControlQuestion {
  /** Celery's name of it, as `stats`. */
  readonly method: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Names of nodes; left out: all. */
  readonly destination?: readonly string[];
  /** Nodes from which an answer is expected: with the last of them the wait ends. Default: those of {@link destination}. */
  readonly expected?: readonly string[];
  /** Longest wait for answers, ms. */
  readonly timeoutMs: number;
}

export interface RemoteControlDeps {
  readonly broker: Pick<Broker, 'openCeleryConsole'>;
  readonly clock: Clock;
}

interface Open {
  readonly answers: Map<string, unknown>;
  readonly missing: Set<string>;
  /** Nodes that were not expected may answer, too. */
  readonly awaitsOthers: boolean;
  readonly done: Deferred<void>;
  bytes: number;
}

/** Asks workers by Celery's remote control, ours and Celery's, and gathers what they answer. Opened when first used. */
export class RemoteControl {
  private console: Promise<CeleryConsole> | undefined;
  private readonly open = new Map<string, Open>();
  private time = 0;
  private closed = false;

  constructor(private readonly deps: RemoteControlDeps) {}

  /**
   * The answers by node. Who has not answered in time has no entry.
   * @throws ControlBusyError BrokerUnavailableError
   */
  async ask(question: ControlQuestion): Promise<ReadonlyMap<string, unknown>> {
    const { method, args = {}, destination, expected = destination ?? [], timeoutMs } = question;
    const console = await this.connect();
    if (this.open.size >= MAX_OPEN) throw new ControlBusyError(`${MAX_OPEN} requests wait for workers already`);
    const { clock } = this.deps;
    const ticket = randomUUID();
    const awaitsOthers = destination === undefined && expected.length === 0;
    const waiting: Open = {
      ...{ answers: new Map<string, unknown>(), missing: new Set(expected), awaitsOthers },
      ...{ done: deferred(), bytes: 0 },
    };
    this.open.set(ticket, waiting);
    try {
      this.time += 1;
      const { body, headers } = encodeControlRequest({
        ...{ method, args, destination, ticket, address: console.address, clock: this.time },
        expiresAt: clock.now() + timeoutMs,
      });
      if (!console.request(body, headers, timeoutMs))
        throw new BrokerUnavailableError('the connection to the broker is away: nobody was asked');
      await isDoneWithin(clock, timeoutMs, waiting.done.promise);
    } finally {
      this.open.delete(ticket);
    }
    return waiting.answers;
  }

  /** Idempotent. What waits is answered with what came so far. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { done } of this.open.values()) done.resolve();
    await (await this.console?.catch(() => undefined))?.close();
  }

  private async connect(): Promise<CeleryConsole> {
    const { broker } = this.deps;
    if (!broker.openCeleryConsole || this.closed)
      throw new BrokerUnavailableError('no broker is connected over which workers could be asked');
    this.console ??= broker.openCeleryConsole({ onReply: (message) => this.receive(message) });
    try {
      return await this.console;
    } catch (error) {
      this.console = undefined;
      throw error;
    }
  }

  private receive(message: ControlMessage): void {
    const reply = decodeControlReply(message);
    if (!reply) return;
    if (reply.clock !== undefined) this.time = Math.max(this.time, reply.clock) + 1;
    const waiting = this.open.get(reply.ticket);
    if (!waiting || waiting.answers.has(reply.node)) return;
    waiting.bytes += message.body.length;
    if (waiting.bytes > MAX_BYTES || waiting.answers.size >= MAX_NODES) return waiting.done.resolve();
    waiting.answers.set(reply.node, reply.value);
    waiting.missing.delete(reply.node);
    if (waiting.missing.size === 0 && !waiting.awaitsOthers) waiting.done.resolve();
  }
}
