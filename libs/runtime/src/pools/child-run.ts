import type { Clock, TaskLogLevel } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { celeryRequestOfEntry } from '../run/celery-request.ts';
import { failureFromWire } from '../run/failure.ts';
import type { RunServices } from '../run/task-run.ts';
import type { ChildDeath } from './child-death.ts';
import { toWire } from './error-wire.ts';
import type { ChildEscapes, PoolEvents } from './pool.ts';
import type { ChildTask, AttemptEnd, Escaped, FromChild, ToChild } from './protocol.ts';
import { answer, type Answers } from './questions.ts';

export interface ChildRunDeps {
  readonly services: RunServices<TaskEntry>;
  readonly answers: Answers;
  readonly events: PoolEvents;
  readonly escapes: ChildEscapes;
  readonly clock: Clock;
  /** See `ChildrenOptions`. */
  readonly teardownMs: number;
}

/** The child that runs the attempt. */
export interface ChildLink {
  post(message: ToChild): void;
  /** Ends it, whatever it does. */
  kill(): void;
}

/** Tells of an error that nobody caught in a child. @param find the entry of a task, if it still runs in this pool */
export function tellEscaped(
  { kind, error, tasks }: Escaped,
  find: (id: string) => TaskEntry | undefined,
  escapes: ChildEscapes,
): void {
  escapes.escaped(
    kind,
    error,
    tasks.map((task) => ({ ...task, entry: find(task.id) })),
  );
}

/** Last log lines kept as evidence, and of each so many characters. */
const LAST_LINES = 5;
const LINE_CHARS = 300;

/** One attempt in a child, as its worker sees it. */
export class ChildRun {
  /** Why it is to be killed: the outcome, whatever the child still says. */
  private killedFor: Error | undefined;
  private cancelGrace: () => void = () => undefined;
  private readonly lastLines: string[] = [];
  private ended = false;

  constructor(
    readonly entry: TaskEntry,
    private readonly link: ChildLink,
    private readonly deps: ChildRunDeps,
  ) {}

  /** Whether its end is our doing. */
  get isKilled(): boolean {
    return this.killedFor !== undefined;
  }

  /** The message that begins it. */
  get task(): ChildTask {
    const { id, retries, isLastAttempt, scheduledFor, task, newTask } = this.entry;
    const { queue, parentId, rootId, userId } = newTask;
    return {
      ...{ id, retries, isLastAttempt, scheduledFor, name: task.name, args: task.args, kwargs: task.kwargs },
      newTask: { queue, parentId, rootId, userId },
      resultLimit: this.deps.services.resultLimit,
      celery: celeryRequestOfEntry(this.entry),
    };
  }

  receive(message: Exclude<FromChild, AttemptEnd | Escaped>): void {
    if (this.ended) return;
    switch (message.type) {
      case 'begun':
        return this.deps.events.begun(this.entry);
      case 'progress':
        return this.deps.services.onProgress(this.entry, message.progress);
      case 'log':
        return this.log(message.level, message.message, message.fields);
      case 'over':
        this.cancelGrace();
        return this.link.kill();
      case 'ask':
        return void answer(this.entry, message.question, this.deps.answers).then(
          (value) => this.reply({ type: 'answer', no: message.no, value }),
          (error: unknown) => this.reply({ type: 'answer', no: message.no, value: undefined, error: toWire(error) }),
        );
    }
  }

  abort(reason: Error): void {
    this.link.post({ type: 'abort', reason: toWire(reason) });
  }

  kill(reason: Error, graceMs: number): void {
    this.killedFor ??= reason;
    this.cancelGrace();
    if (graceMs <= 0) return this.tearDown(reason);
    this.abort(reason);
    this.cancelGrace = this.deps.clock.after(graceMs, () => this.tearDown(reason));
  }

  /** Without a moment for anything: each costs memory that is not there. */
  killAtOnce(reason: Error): void {
    this.killedFor ??= reason;
    this.cancelGrace();
    this.link.kill();
  }

  private tearDown(reason: Error): void {
    this.link.post({ type: 'over', reason: toWire(reason) });
    this.cancelGrace = this.deps.clock.after(this.deps.teardownMs, () => this.link.kill());
  }

  /** The handler has settled. */
  settled(message: AttemptEnd): void {
    if (!this.end()) return;
    const { events } = this.deps;
    if (this.killedFor) events.failed(this.entry, this.killedFor);
    else if (message.type === 'succeeded') events.succeeded(this.entry, message.result);
    else events.failedAs(this.entry, failureFromWire(message.failure));
  }

  /** The child is no more. */
  gone(death: Omit<ChildDeath, 'logs'>): void {
    if (!this.end()) return;
    if (this.killedFor) this.deps.events.failed(this.entry, this.killedFor);
    else this.deps.events.died(this.entry, { ...death, logs: this.lastLines });
  }

  /** It could not run, for no fault of its own. */
  failed(error: Error): void {
    if (this.end()) this.deps.events.failed(this.entry, this.killedFor ?? error);
  }

  private end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.cancelGrace();
    return true;
  }

  private reply(message: ToChild): void {
    if (!this.ended) this.link.post(message);
  }

  private log(level: TaskLogLevel, message: string, fields: Record<string, unknown>): void {
    this.lastLines.push(`${level}: ${message}`.slice(0, LINE_CHARS));
    if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
    const { log, onLog } = this.deps.services;
    const { id, retries, task } = this.entry;
    log.child({ task: id, contract: task.name, attempt: retries + 1 })[level](fields, message);
    onLog?.(this.entry, level, message, fields);
  }
}
