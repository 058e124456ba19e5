import type { Service } from '@lovage/foundation';
import type { ServedContract } from './pass-on.ts';
import type { WorkerId } from './task-store.ts';

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

export interface LeaseOptions {
  /** Between renewals, ms. Default 2000. */
  readonly renewMs?: number;
  /** How long a renewal holds, ms. Default 6000: three renewals may fail before others take over. */
  readonly leaseMs?: number;
  /** The lease ended and was given anew under another id: whatever ran under the old one is no longer ours. */
  onLost?(lost: WorkerId): void;
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
  /** Its worker was asked to stop: should it die meanwhile, what it ran is not suspected of it. */
  closing?(): void;
}
