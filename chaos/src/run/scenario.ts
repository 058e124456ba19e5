import type { SubmitByNameBody } from '@lovage/http-api';
import type { EndRow } from '../count/task-counts.ts';
import type { AppKind } from '../platform/program.ts';
import type { BrokerKind } from '../servers/broker-server.ts';
import type { Stage } from './stage.ts';

/** What was seen in the end, for a scenario to tell whether it took place at all. */
export interface Seen {
  /** Attempts that did not end their task, by outcome: `LOST` are those whose worker died. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Tasks that were run more than once. */
  readonly runTwice: number;
  readonly rows: readonly EndRow[];
  /** Tasks that a worker passed on instead of running them, by the last reason. */
  readonly passedOn: Readonly<Record<string, number>>;
  /** How often each app had to be started again. */
  readonly restarts: Readonly<Record<string, number>>;
}

/** What was accepted and run. */
export interface Ran {
  /** The id of each accepted task, and which one it is. */
  readonly accepted: ReadonlyMap<string, number>;
  /** How often the handler was run, by id. */
  readonly runs: ReadonlyMap<string, number>;
}

/** A way in which things go wrong. */
export interface Scenario {
  /** As in `--scenario`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Over how long 20,000 tasks are spread; fewer take less, in proportion. */
  readonly seconds: number;
  /** They never take less: what is broken needs its time. */
  readonly atLeastSeconds: number;
  /** Default `rabbitmq`. */
  readonly broker?: BrokerKind;
  /** Default 3. */
  readonly workers?: number;
  /** Default 1. Submits go to them round-robin. */
  readonly gateways?: number;
  /** Variables of one app beyond what all have. */
  env?(kind: AppKind, no: number): Readonly<Record<string, string>>;
  /** Its tasks may end their worker. Default: whatever breaks, an app that ends and was not killed by `disturb` is a fault. */
  readonly workersMayEnd?: boolean;
  /** What is submitted as number n, which is at this part (0 to 1) of all. Default: `chaos.step`. */
  task?(n: number, usual: SubmitByNameBody, part: number): SubmitByNameBody;
  /** Whether task n may end like this. Default: SUCCESS, with its number for a result. */
  endsWell?(n: number, row: EndRow): boolean;
  /** Breaks things, from the first accepted task on; resolves when nothing is broken any more. */
  disturb(stage: Stage): Promise<void>;
  /** What else is not as it should be, once all tasks have ended. */
  faults?(stage: Stage, ran: Ran): Promise<string[]>;
  /** What shows that it took place; else the run counts for nothing. `undefined`: it did not. */
  proof(seen: Seen, stage: Stage): string | undefined;
  /** What else is not as it should be in the end, in words. */
  remains?(stage: Stage): Promise<string[]>;
}
