import { encodeResult, type TaskResult } from '@lovage/celery';
import type { Broker, Delivery, Log, TaskRow } from '@lovage/ports';
import { isUntoldEnd, type TaskErrorDocument, type TaskState } from '@lovage/task';
import type { MessageEnd, TaskEntry } from '../entry.ts';
import type { EscapedErrors } from '../run/escaped-errors.ts';
import type { Outcome } from '../run/outcome.ts';
import type { WorkerSignals } from '../worker-signals.ts';
import { endedAttempt, STATES, type SettledRecord } from './ended.ts';

export interface SettlerDeps {
  readonly replies: Replies;
  readonly escapedErrors: EscapedErrors;
  readonly signals: Pick<WorkerSignals, 'ended'>;
  readonly log: Log;
}

const MESSAGES: Readonly<Record<SettledRecord['kind'], MessageEnd>> = {
  recorded: 'ack',
  too_late: 'ack',
  released: 'ack',
  requeue: 'requeue',
  unstorable: 'dead_letter',
};

/** The settle stage: replies to the caller of a task whose end is written. Returns what is to become of the message. */
export class Settler {
  constructor(private readonly deps: SettlerDeps) {}

  settle({ kind, entry, outcome }: SettledRecord): MessageEnd {
    if (kind === 'recorded') this.tell(entry, outcome);
    this.deps.escapedErrors.settled(entry);
    return MESSAGES[kind];
  }

  /** Postgres refuses a value of a task: no row will ever be made. */
  giveUp(entry: TaskEntry, error: Error): MessageEnd {
    const { replies, log } = this.deps;
    log.error({ err: error, task: entry.id }, 'Postgres cannot keep this task: its message goes to the dead letters');
    const message = `Postgres cannot keep this task: ${error.message}`;
    replies.ended(entry, 'FAILURE', null, { type: 'MessageGivenUp', message });
    return 'dead_letter';
  }

  /** It is written: nothing that goes wrong here may have it written again. */
  private tell(entry: TaskEntry, outcome: Outcome): void {
    const { signals, replies, log } = this.deps;
    try {
      if (signals.ended.heard) signals.ended.emit(endedAttempt(entry, outcome));
      if (!entry.task.replyTo) return;
      if (outcome.kind === 'postponed') {
        if (outcome.how === 'retry' || outcome.how === 'crash') replies.retried(entry, outcome.error);
        return;
      }
      if (outcome.kind === 'succeeded') replies.ended(entry, 'SUCCESS', outcome.result, null);
      else replies.ended(entry, STATES[outcome.kind], null, outcome.error);
    } catch (error) {
      log.error({ err: error, task: entry.id }, 'a task has ended, but who waits for it could not be told');
    }
  }
}

/** RabbitMQ takes no larger message, and clients read none, bytes. Only a contract's own `resultLimit` allows such a result. */
const MAX_REPLY = 16 * 1024 ** 2;

/** How a task ended. */
type ToldEnd = Pick<TaskResult, 'state' | 'result' | 'error'>;

/** Tells those who wait how a task goes: Celery's rpc messages, with our state and error beside. */
export class Replies {
  /** @param node name of the worker, where Celery's callers are to be told that their tasks start */
  constructor(
    private readonly broker: Pick<Broker, 'reply'>,
    private readonly node?: string,
  ) {}

  /** To a caller of Celery's, which asked for it by the setting of the worker. */
  started(entry: TaskEntry): void {
    if (this.node === undefined || !isOfCelery(entry)) return;
    this.send(entry, { state: 'STARTED', result: { pid: process.pid, hostname: this.node } });
  }

  /** To a caller of Celery's: ours look at the row. */
  retried(entry: TaskEntry, error: TaskErrorDocument | null): void {
    if (isOfCelery(entry)) this.send(entry, { state: 'RETRY', error: error ?? undefined });
  }

  /** @param resultJson JSON text. */
  ended(entry: TaskEntry, state: TaskState, resultJson: string | null, error: TaskErrorDocument | null): void {
    this.send(entry, { state, resultJson, error: error ?? undefined });
  }

  progressed(entry: TaskEntry, progressJson: string): void {
    this.send(entry, { state: 'PROGRESS', resultJson: progressJson });
  }

  /** From the row: for a message that came again after its task was over. */
  repeated(entry: TaskEntry, row: TaskRow): void {
    // A result that cannot be read: the row tells why.
    if (row.state !== 'SUCCESS' || row.error === null) this.send(entry, endOf(row));
  }

  /** Of a message that is no task: to whom it names, by as much of its id as could be read. */
  refused({ replyTo, correlationId, headers }: Delivery, id: string | undefined, what: ToldEnd): void {
    const taskId = id ?? correlationId;
    if (!replyTo || taskId === undefined || headers['ignore_result'] === true) return;
    this.post(replyTo, correlationId ?? taskId, encodeResult({ taskId, ...what }));
  }

  private send(entry: TaskEntry, what: Omit<TaskResult, 'taskId'>): void {
    const { children: childrenJson } = entry;
    const { replyTo, correlationId, id, ignoreResult } = entry.task;
    if (!replyTo || ignoreResult || (isOfCelery(entry) && isUntoldEnd(what.error))) return;
    this.post(replyTo, correlationId, encodeResult({ taskId: id, childrenJson, ...what }));
  }

  private post(replyTo: string, correlationId: string, body: Buffer): void {
    // RabbitMQ would close the channel. Who waits looks at the row.
    if (body.length <= MAX_REPLY) this.broker.reply(replyTo, { correlationId, body });
  }
}

/** A Celery program sent it. */
const isOfCelery = ({ task: { lang } }: TaskEntry): boolean => lang !== 'js';

/** As the row has it. */
export function endOf({ state, result, error }: Pick<TaskRow, 'state' | 'result' | 'error'>): ToldEnd {
  return { state, result, error: error ?? undefined };
}
