import type { LovageClient } from '@lovage/client';
import { decodeControl, encodeControlReply, type ControlRequest } from '@lovage/celery';
import { boundedJson, JsonTooLargeError, textOf } from '@lovage/foundation';
import { isDoneWithin, type Broker, type CeleryLink, type Clock, type ControlMessage, type Log } from '@lovage/ports';
import { UnderWay, type TaskWorker } from '@lovage/runtime';
import type { Settings } from '@lovage/settings';
import type { AnyContract } from '@lovage/task';
import { ControlRefusal, type Command } from './command.ts';
import { commandsOf } from './commands.ts';
import { EventSender } from './event-sender.ts';
import { LamportClock } from './lamport-clock.ts';
import { Mingle } from './mingle.ts';
import type { QueueScheduled } from './scheduled-tasks.ts';

/** Largest answer, bytes. */
const MAX_ANSWER = 1024 ** 2;
/** Requests that are answered in a second, and that wait for their answers; further ones are dropped. */
const MAX_PER_SECOND = 100;
const MAX_PENDING = 32;
/** At a stop: how long answers under way are waited for, ms. */
const ANSWERS_MS = 2000;
/** Names of tasks that are counted: those of what is not served are foreign. */
const MAX_NAMES = 10_000;

export interface CeleryNodeDeps {
  readonly settings: Settings;
  readonly version: string;
  readonly broker: Broker;
  readonly worker: TaskWorker;
  readonly client: Pick<LovageClient, 'revoke'>;
  /** What the worker serves. */
  readonly contracts: readonly AnyContract[];
  readonly scheduled: QueueScheduled;
  /** Asks the process for a stop in order; without it `shutdown` is refused. */
  readonly shutdown: (() => void) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** This worker as a node among Celery's: it answers the remote control and sends events, as far as its settings say. */
export class CeleryNode {
  private readonly time = new LamportClock();
  private readonly totals = new Map<string, number>();
  private processed = 0;
  private commands: ReadonlyMap<string, Command> = new Map();
  private link: CeleryLink | undefined;
  private events: EventSender | undefined;
  private mingle: Mingle | undefined;
  private unsubscribe: () => void = () => undefined;
  private second = 0;
  private inSecond = 0;
  /** Answers to requests. */
  private readonly answers = new UnderWay();
  /** What it asks the others. */
  private readonly asking = new UnderWay();

  constructor(private readonly deps: CeleryNodeDeps) {}

  /** Before the worker takes messages. Never rejects: Celery's tools are no condition for its work. */
  async open(): Promise<void> {
    const { settings, version, broker, worker, clock, log } = this.deps;
    const { events, control } = settings.worker.celery;
    if (!broker.openCelery || (!events && !control)) return;
    const { name: node } = worker;
    this.unsubscribe = worker.signals.started.on((name) => this.count(name));
    const link = (this.link = await broker.openCelery({
      node,
      onControl: control ? (message) => this.receive(message) : undefined,
    }));
    this.events = new EventSender({
      ...{ node, version, link, worker, log, clock: this.time, time: clock, underWay: this.asking },
      processed: () => this.processed,
    });
    this.commands = commandsOf({ ...this.deps, node, events: this.events, clock: this.time, totals: this.totals });
    if (events) this.events.enable();
    this.events.start();
    // On a broker that Celery does not speak, rows keep every revoke.
    if (!control || !broker.listenToCelery) return;
    const { revokes } = worker.steering;
    this.mingle = new Mingle({ node, broker, revokes, time: this.time, clock, log });
    this.asking.add(this.mingle.run());
  }

  /** After the worker has stopped: until then it answers, and its tasks have events. */
  async close(): Promise<void> {
    this.events?.stop();
    this.unsubscribe();
    await this.mingle?.close();
    // They use stores and broker, which are closed next. One that takes longer is given up.
    await isDoneWithin(this.deps.clock, ANSWERS_MS, this.answers.idle());
    await this.link?.close();
    await this.asking.idle();
  }

  private count(name: string): void {
    this.processed += 1;
    const before = this.totals.get(name);
    if (before !== undefined || this.totals.size < MAX_NAMES) this.totals.set(name, (before ?? 0) + 1);
  }

  private receive(message: ControlMessage): void {
    const now = this.deps.clock.now();
    if (!this.admit(now)) return;
    const { clock, request } = decodeControl(message, this.deps.worker.name, now);
    if (clock !== undefined) this.time.adjust(clock);
    if (!request) return;
    this.answers.add(this.answer(request));
  }

  /** So many in a second: a flood of the mailbox costs the worker no more than that. */
  private admit(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.second) [this.second, this.inSecond] = [second, 0];
    this.inSecond += 1;
    return this.inSecond <= MAX_PER_SECOND && this.answers.size < MAX_PENDING;
  }

  private async answer({ method, args, replyTo }: ControlRequest): Promise<void> {
    const value = await this.run(method, args);
    if (!replyTo) return;
    const { worker } = this.deps;
    const { body, headers } = encodeControlReply(worker.name, value, replyTo.ticket, this.time.next());
    this.link?.reply(replyTo.routingKey, body, headers);
  }

  /** The answer as JSON; of what cannot be done, the error. */
  private async run(method: string, args: ControlRequest['args']): Promise<string> {
    const { log } = this.deps;
    const command = this.commands.get(method);
    if (!command) return errorJson(`this worker has no command ${method}`);
    try {
      return boundedJson(await command(args), MAX_ANSWER);
    } catch (error) {
      if (error instanceof ControlRefusal) return errorJson(error.message);
      if (error instanceof JsonTooLargeError)
        return errorJson(`the answer ${error.message}; ask with safe=True, or for single tasks`);
      log.warn({ err: error, command: method }, "a command of Celery's remote control failed");
      return errorJson(textOf((error as { message?: unknown } | null)?.message ?? error));
    }
  }
}

const errorJson = (error: string): string => JSON.stringify({ error });
