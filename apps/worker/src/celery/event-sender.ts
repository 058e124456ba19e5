import { loadavg, type } from 'node:os';
import { pythonRepr, pythonTuple, wireException } from '@lovage/celery';
import { stackWithCauses } from '@lovage/foundation';
import type { CeleryLink, Clock, Log } from '@lovage/ports';
import type { HeldTask, TaskEvent, TaskWorker, UnderWay } from '@lovage/runtime';
import type { TaskErrorDocument } from '@lovage/task';
import type { LamportClock } from './lamport-clock.ts';

/** Between two heartbeats, seconds. A monitor takes a worker for gone after twice as long. */
const FREQ = 2;
/** Events of one message. Those of a tick of the event loop go together, and no more than so many. */
const MAX_BATCH = 100;
/** Between two lines of the log about dropped events, ms. */
const TELL_DROPPED_MS = 60_000;
/** Longest text of a result, an exception or a traceback, characters. */
const MAX_TEXT = 1024;
const MAX_TRACEBACK = 8192;
/** By it a worker finds out whether a monitor listens; the beats of this platform do not, so that they cost nothing here. */
const PROBE = 'task.listening';
const NO_EVENTS = Buffer.from('[]');

export interface EventSenderDeps {
  readonly node: string;
  readonly version: string;
  readonly link: Pick<CeleryLink, 'publishEvent' | 'isHeard'>;
  readonly worker: Pick<TaskWorker, 'running' | 'signals'>;
  readonly clock: LamportClock;
  /** Attempts begun so far. */
  readonly processed: () => number;
  readonly time: Clock;
  readonly log: Log;
  /** Gets the looks for monitors, which end with the link at the latest. */
  readonly underWay: Pick<UnderWay, 'add'>;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Tells Celery's monitors that this worker lives and what becomes of its tasks. Events of tasks are made only while a monitor listens: an
 * empty batch at each heartbeat finds out. They are gathered for a tick of the event loop; what the connection does not take is
 * dropped and counted.
 */
export class EventSender {
  private batch: string[] = [];
  /** Text that the event of each task begins with. */
  private head: string | undefined;
  private flushing = false;
  private dropped = 0;
  private toldAt = -Infinity;
  private cancelBeat: () => void = () => undefined;
  private wanted = false;
  private looking = false;
  private unsubscribe: (() => void) | undefined;
  private closed = false;

  constructor(private readonly deps: EventSenderDeps) {}

  /** Says that the worker is there; heartbeats follow. */
  start(): void {
    this.sendWorker('worker-online');
    this.beat();
  }

  /** Whether events of tasks are sent. */
  get enabled(): boolean {
    return this.wanted;
  }

  /** @returns false: they were before. */
  enable(): boolean {
    if (this.wanted || this.closed) return false;
    this.wanted = true;
    this.deps.underWay.add(this.look());
    return true;
  }

  /** @returns false: they were not sent before. */
  disable(): boolean {
    if (!this.wanted) return false;
    this.wanted = false;
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    this.flush();
    return true;
  }

  /** A monitor that begins asks for one; so its first tasks are told of. */
  heartbeat(): void {
    this.sendWorker('worker-heartbeat');
    this.deps.underWay.add(this.look());
  }

  /** Says that the worker is gone; nothing follows. */
  stop(): void {
    if (this.closed) return;
    this.disable();
    this.closed = true;
    this.cancelBeat();
    this.sendWorker('worker-offline');
  }

  private beat(): void {
    this.cancelBeat = this.deps.time.after(FREQ * 1000, () => {
      this.heartbeat();
      this.beat();
    });
  }

  /** Listens to what becomes of tasks, or stops, as monitors come and go. */
  private async look(): Promise<void> {
    if (!this.wanted || this.looking) return;
    this.looking = true;
    const heard = await this.deps.link.isHeard(PROBE, NO_EVENTS, { hostname: this.deps.node });
    this.looking = false;
    if (!this.wanted || heard === (this.unsubscribe !== undefined)) return;
    this.unsubscribe?.();
    this.unsubscribe = heard ? this.deps.worker.signals.tasks.on((event) => this.add(event)) : undefined;
  }

  private add(event: TaskEvent): void {
    // Celery's events know no progress.
    if (event.kind === 'progressed') return;
    // The worker's own way of a task: nothing that goes wrong here may reach it.
    try {
      this.batch.push(this.textOf(event));
    } catch (error) {
      this.deps.log.warn({ err: error, task: event.task.id }, 'an event for Celery could not be made');
      return;
    }
    if (this.batch.length >= MAX_BATCH) this.flush();
    else if (!this.flushing) {
      this.flushing = true;
      setImmediate(() => this.flush());
    }
  }

  private flush(): void {
    this.flushing = false;
    const { batch } = this;
    if (batch.length === 0) return;
    this.batch = [];
    if (!this.publish('task.multi', `[${batch.join(',')}]`)) this.drop(batch.length);
  }

  private sendWorker(kind: string): void {
    const { worker, processed, version } = this.deps;
    const fields = {
      ...{ freq: FREQ, active: worker.running, processed: processed(), loadavg: loadavg().map(hundredths) },
      ...{ sw_ident: 'lovage', sw_ver: version, sw_sys: type() },
    };
    this.publish(kind.replace('-', '.'), JSON.stringify(this.complete(kind, fields)));
  }

  private publish(routingKey: string, json: string): boolean {
    return this.deps.link.publishEvent(routingKey, Buffer.from(json), { hostname: this.deps.node });
  }

  /** Each task has three events: put together from texts, they take a seventh of the time of objects that are made for this. */
  private textOf(event: Exclude<TaskEvent, { kind: 'progressed' }>): string {
    const { node, clock, time } = this.deps;
    this.head ??= `{"hostname":${JSON.stringify(node)},"utcoffset":0,"pid":${process.pid},"clock":`;
    const at = time.now() / 1000;
    return `${this.head}${clock.next()},${fieldsOf(event)},"timestamp":${at},"type":"task-${event.kind}"}`;
  }

  private complete(kind: string, fields: Fields): Fields {
    const { node, clock, time } = this.deps;
    const head = { hostname: node, utcoffset: 0, pid: process.pid, clock: clock.next() };
    return { ...head, ...fields, timestamp: time.now() / 1000, type: kind };
  }

  private drop(count: number): void {
    const { time, log } = this.deps;
    this.dropped += count;
    if (time.monotonic() - this.toldAt < TELL_DROPPED_MS) return;
    this.toldAt = time.monotonic();
    log.warn({ events: this.dropped }, 'the broker does not take events for Celery fast enough: some were dropped');
    this.dropped = 0;
  }
}

/** The fields of its kind, as JSON text. */
function fieldsOf(event: Exclude<TaskEvent, { kind: 'progressed' }>): string {
  const { task } = event;
  const uuid = `"uuid":${JSON.stringify(task.task.id)}`;
  switch (event.kind) {
    case 'received':
      return `${uuid},${received(task)}`;
    case 'started':
      return uuid;
    case 'succeeded':
      return `${uuid},"result":${JSON.stringify(reprOfJson(event.result))},"runtime":${runtimeOf(task)}`;
    case 'failed':
    case 'retried':
      return `${uuid},${exceptionOf(event.error)}`;
    case 'revoked':
      return `${uuid},"terminated":${event.ran},"signum":${event.ran ? '"SIGTERM"' : 'null'},"expired":${event.expired}`;
    case 'rejected':
      return `${uuid},"requeue":${event.requeue}`;
  }
}

function received({ task, newTask, retries }: HeldTask): string {
  const args = `"args":${JSON.stringify(pythonTuple(task.args))},"kwargs":${JSON.stringify(pythonRepr(task.kwargs))}`;
  const family = `"root_id":${JSON.stringify(task.rootId ?? task.id)},"parent_id":${JSON.stringify(task.parentId)}`;
  const times = `"eta":${isoOrNull(task.eta)},"expires":${isoOrNull(task.expiresAt ?? newTask.expiresAt)}`;
  return `"name":${JSON.stringify(task.shadow ?? task.name)},${args},${family},"retries":${retries},${times}`;
}

function exceptionOf(error: TaskErrorDocument | null): string {
  if (!error) return '"exception":"Retry()","traceback":""';
  const { exc_type, exc_message } = wireException('FAILURE', error);
  const exception = `${exc_type}(${exc_message.map((arg) => pythonRepr(arg, MAX_TEXT)).join(', ')})`;
  // Monitors show it as it is.
  const traceback = (stackWithCauses(error) ?? exception).slice(0, MAX_TRACEBACK);
  return `"exception":${JSON.stringify(exception)},"traceback":${JSON.stringify(traceback)}`;
}

/** Of a long one only the beginning is looked at. */
function reprOfJson(json: string): string {
  return json.length > 4 * MAX_TEXT ? `${json.slice(0, MAX_TEXT - 3)}...` : pythonRepr(JSON.parse(json), MAX_TEXT);
}

/** Seconds; Python's clients expect a float, so a whole number is never quite one. */
function runtimeOf({ startedAt, endedAt }: HeldTask): number {
  const seconds = Math.max(0, endedAt - startedAt) / 1000;
  return Number.isInteger(seconds) ? seconds + 1e-6 : seconds;
}

/** As JSON text. */
const isoOrNull = (ms: number | null): string =>
  ms === null ? 'null' : `"${new Date(ms).toISOString().replace(/\.(\d{3})Z$/, '.$1000+00:00')}"`;

const hundredths = (load: number): number => Math.round(load * 100) / 100;
