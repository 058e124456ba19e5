import type { Clock, Log, TaskCanvas } from '@lovage/ports';
import type { CanvasEnds } from './canvas/canvas-ends.ts';
import type { Claimer } from './claim/claimer.ts';
import type { PassOn } from './claim/pass-on.ts';
import type { Quarantine } from './claim/quarantine.ts';
import type { RefusedClaims } from './claim/refused.ts';
import type { Slots } from './claim/waiting.ts';
import type { HandlerTable } from './handlers.ts';
import type { EtaPostponer } from './intake/eta-postponer.ts';
import type { HeldTasks } from './intake/held-tasks.ts';
import type { MalformedMessages } from './intake/malformed.ts';
import type { Pools } from './pools/pools.ts';
import type { FailureLog } from './record/failure-log.ts';
import type { LogWriter } from './record/log-writer.ts';
import type { ProgressWriter } from './record/progress-writer.ts';
import type { Recorder } from './record/recorder.ts';
import type { Replies, Settler } from './record/settler.ts';
import type { Executor } from './run/executor.ts';
import type { EarlyRevokes } from './steer/early-revokes.ts';
import type { ToldRevokes } from './steer/told-revokes.ts';
import type { UnderWay } from './under-way.ts';
import type { WorkerSignals } from './worker-signals.ts';

/** The stages that the pipeline drives, and what it shares with them. */
export interface PipelineDeps {
  readonly handlers: HandlerTable;
  readonly held: HeldTasks;
  readonly malformed: MalformedMessages;
  readonly postponer: EtaPostponer;
  readonly passOn: PassOn;
  readonly slots: Slots;
  readonly claimer: Claimer;
  readonly refused: RefusedClaims;
  /** Without it suspects run like all others. */
  readonly quarantine: Quarantine | undefined;
  readonly pools: Pools;
  readonly executor: Executor;
  readonly failures: FailureLog;
  readonly progress: ProgressWriter;
  readonly logs: LogWriter | undefined;
  readonly recorder: Recorder;
  readonly settler: Settler;
  /** Without them messages that ask for a canvas are refused. */
  readonly canvas: { readonly able: TaskCanvas; readonly ends: CanvasEnds } | undefined;
  readonly revokes: ToldRevokes;
  readonly earlyRevokes: EarlyRevokes;
  readonly signals: WorkerSignals;
  readonly replies: Pick<Replies, 'started'>;
  /** Work that nobody awaits where it begins: {@link Pipeline.idle} does. */
  readonly underWay: UnderWay;
  readonly clock: Clock;
  readonly log: Log;
}
