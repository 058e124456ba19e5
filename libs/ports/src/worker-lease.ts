import type { Service } from '@lovage/foundation';
import type { ServedContract } from './pass-on.ts';
import type { WorkerId } from './task.ts';

/** What a worker tells about itself. */
export interface WorkerInfo {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly queues: readonly string[];
  readonly concurrency: number;
  /** Names of the contracts that it serves. Left out: it does not tell, and is taken to serve any. */
  readonly contracts?: readonly string[];
  /** The same with version and schema, for workers that pass tasks on: written once, when a lease begins. */
  readonly serves?: readonly ServedContract[];
}

/** What a worker has to do, told with each renewal of its lease. */
export interface WorkerWork {
  /** Tasks that may run at once, in the pools that its contracts use. */
  readonly slots: number;
  /** Of them those taken; a batch takes one. */
  readonly slotsUsed: number;
  /** Tasks that it holds and that wait for a slot. */
  readonly waiting: number;
}

export interface LeaseOptions {
  /** Between renewals, ms. Default 2000. */
  readonly renewMs?: number;
  /** How long a renewal holds, ms. Default 6000: three renewals may fail before others take over. */
  readonly leaseMs?: number;
  /** The lease ended and was given anew under another id: whatever ran under the old one is no longer ours. */
  onLost?(lost: WorkerId): void;
  /** Asked with each renewal, and cheap. Left out: the worker does not tell. */
  work?(): WorkerWork;
}

/**
 * A worker's proof of life, renewed apart from the event loop so that a busy handler is not taken for death.
 * `start` resolves with a lease held.
 */
export interface WorkerLease extends Service {
  /** Id to claim with. Changes when a lease was lost. */
  readonly id: WorkerId;
  /** Renewals get through. For health: what decides is in the database. */
  readonly held: boolean;
  /** Call it when the worker is asked to stop. Should the worker die meanwhile, its tasks are not suspected of that. */
  closing?(): void;
  /** Call it when the worker serves other queues than it began with: others go by them. */
  serves?(queues: readonly string[]): void;
}
