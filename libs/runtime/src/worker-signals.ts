import type { Signal } from '@lovage/foundation';
import type { EscapedKind } from '@lovage/ports';
import type { EndedAttempt } from './record/ended.ts';
import type { Outcome } from './run/outcome.ts';
import type { TaskEvent } from './task-events.ts';

/** What a worker tells about its work. */
export interface WorkerSignals {
  /** A task is settled with store and broker. */
  readonly settled: Signal<{ id: string; outcome: Outcome['kind'] | 'passed_on' }>;
  /** An attempt is recorded. */
  readonly ended: Signal<EndedAttempt>;
  /** An attempt begins: the name of its task. It costs no object, so that one may count all of them. */
  readonly started: Signal<string>;
  /** What happens to each task, step by step. Made only while somebody listens. */
  readonly tasks: Signal<TaskEvent>;
  /** An error that nobody caught. `name`: of the contract whose code it came from; undefined: no task could be told. */
  readonly escaped: Signal<{ kind: EscapedKind; name: string | undefined }>;
  /** A message was refused as no task. */
  readonly malformed: Signal<{ code: string; id: string | undefined }>;
}
