import type { DeclareOptions } from '@lovage/ports';
import { LovageError } from '@lovage/foundation';
import type { TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import type { QueueConsumers } from '../intake/queue-consumers.ts';
import type { Autoscaler } from './autoscaler.ts';
import type { PoolSize } from './pool-size.ts';
import type { RateGates } from './rate-gates.ts';
import type { GivenLimits, TimeLimitTable } from './time-limits.ts';
import { stampsOf, type ToldRevokes } from './told-revokes.ts';

/** This worker serves no task of this name. */
export class TaskNotServedError extends LovageError {
  readonly code = 'task_not_served';
  constructor(readonly task: string) {
    super('unknown task');
  }
}

export interface WorkerSteeringDeps {
  readonly handlers: HandlerTable;
  readonly rates: RateGates;
  readonly timeLimits: TimeLimitTable;
  readonly pool: PoolSize;
  readonly autoscaler: Autoscaler;
  readonly revokes: ToldRevokes;
  readonly consumers: QueueConsumers;
  readonly held: HeldTasks;
}

/** What may be changed of a worker while it runs. All of it is forgotten when it ends: settings and contracts hold again. */
export class WorkerSteering {
  constructor(private readonly deps: WorkerSteeringDeps) {}

  get pool(): PoolSize {
    return this.deps.pool;
  }

  get autoscaler(): Autoscaler {
    return this.deps.autoscaler;
  }

  get revokes(): ToldRevokes {
    return this.deps.revokes;
  }

  /** So many tasks of this name begin a second here; 0: as many as there are. @throws TaskNotServedError RangeError */
  setRate(name: string, perSecond: number): void {
    this.expect(name);
    this.deps.rates.set(name, perSecond);
  }

  /** A second; undefined: none was set here. */
  rateOf(name: string): number | undefined {
    return this.deps.rates.of(name);
  }

  /** For attempts that begin from here on; undefined: as the contract says. @throws TaskNotServedError */
  setTimeLimits(name: string, limits: GivenLimits): void {
    this.expect(name);
    this.deps.timeLimits.set(name, limits);
  }

  timeLimitsOf(name: string): GivenLimits | undefined {
    return this.deps.timeLimits.givenTo(name);
  }

  /** Takes messages of one more queue. False: it did already. @throws InvalidQueueNameError RangeError BrokerUnavailableError */
  addQueue(queue: string, declare?: DeclareOptions): Promise<boolean> {
    return this.deps.consumers.add(queue, declare);
  }

  /** Takes no more messages of this queue; what runs of it goes on, what waits is requeued. False: it took none. */
  removeQueue(queue: string): Promise<boolean> {
    return this.deps.consumers.remove(queue);
  }

  /** Whether it takes messages of this queue, paused or not. */
  hasQueue(queue: string): boolean {
    return this.deps.consumers.has(queue);
  }

  /** What is in this worker's hands with one of these stamps. */
  stamped(stamps: ReadonlyMap<string, ReadonlySet<string>>): readonly Pick<TaskEntry, 'id' | 'state'>[] {
    return this.deps.held
      .all()
      .filter(({ task }) => stampsOf(task.extraHeaders).some(([stamp, value]) => stamps.get(stamp)?.has(value)));
  }

  private expect(name: string): void {
    if (!this.deps.handlers.find(name)) throw new TaskNotServedError(name);
  }
}
