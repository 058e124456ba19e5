import { encodeResult } from '@lovage/celery';
import { Signal, type Service } from '@lovage/foundation';
import {
  foreignResultsQueue,
  type Broker,
  type Clock,
  type Delivery,
  type ForeignRecorded,
  type ForeignReport,
  type ForeignStore,
  type Log,
} from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import { QueueReader } from '../queue-reader/queue-reader.ts';
import { reportOf } from './read-report.ts';

export interface ForeignResultsOptions {
  readonly broker: Pick<Broker, 'deadLetterQueue' | 'declare' | 'consume' | 'reply'>;
  readonly foreign: ForeignStore;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Most results held at once, unacked. Default 200. */
  readonly prefetch?: number;
}

/** A result was settled; `recorded` is undefined where there is no such foreign task, or the result could not be stored. */
export interface SettledResult {
  readonly report: ForeignReport;
  readonly recorded: ForeignRecorded | undefined;
}

type Recorded = ForeignRecorded | undefined | Error;

/** Most of one statement. */
const BATCH = 100;

/**
 * Records what Celery workers report of tasks that were submitted to them from here: they write no rows, but send each state to
 * the queue that the task's message names. A result is acked once it is recorded, so a beat that dies loses none; recorded
 * twice it changes nothing. Any number of beats may share the queue.
 */
export class ForeignResults implements Service {
  /** For tests. */
  readonly settled = new Signal<SettledResult>();
  private readonly reader: QueueReader<ForeignReport, Recorded>;

  constructor(private readonly options: ForeignResultsOptions) {
    const { broker, log, clock, prefetch = 200 } = options;
    this.reader = new QueueReader({
      ...{ broker, log, clock, prefetch, batchSize: BATCH },
      queue: foreignResultsQueue(broker),
      messages: 'results of foreign tasks',
      onDelivery: (delivery) => void this.take(delivery),
      write: (reports) => this.record(reports),
      onRefused: (_, error) => [error],
    });
  }

  /** Resolves at once; a broker that refuses the subscription is asked again. */
  start(): Promise<void> {
    return this.reader.start();
  }

  /** Takes no further results; what is not recorded yet returns to the queue. */
  stop(): Promise<void> {
    return this.reader.stop();
  }

  /** Never rejects. */
  private async take(delivery: Delivery): Promise<void> {
    const { log } = this.options;
    const report = reportOf(delivery);
    if (!report) {
      log.warn({ bytes: delivery.body.length }, 'a message that is no task result was dropped');
      return delivery.ack();
    }
    try {
      await this.settle(report);
    } catch {
      // Stopped before it was recorded.
      return delivery.nack({ requeue: true });
    }
    delivery.ack();
  }

  /** Records a report, and passes it on to the client that waits. Rejects when this stops before it is recorded. */
  async settle(report: ForeignReport): Promise<void> {
    let recorded = await this.reader.write(report);
    if (recorded instanceof Error) {
      const { log } = this.options;
      log.warn({ err: recorded, taskId: report.taskId }, 'a result of a foreign task cannot be stored; it was dropped');
      recorded = undefined;
    }
    this.answer(report, recorded);
    this.settled.emit({ report, recorded });
  }

  /** To the client that waits for the task. */
  private answer({ taskId, state, value, error }: ForeignReport, recorded: ForeignRecorded | undefined): void {
    if (!recorded?.inbox || !(isTerminal(state) || state === 'PROGRESS')) return;
    // `recorded` tells of the last report of a batch: progress may have been followed by the end.
    if (!recorded.changed && recorded.state !== state) return;
    const body = encodeResult({ taskId, state, resultJson: value, error: error ?? undefined });
    this.options.broker.reply(recorded.inbox, { correlationId: taskId, body });
  }

  private async record(reports: readonly ForeignReport[]): Promise<Recorded[]> {
    const recorded = await this.options.foreign.report(reports);
    const byTask = new Map(recorded.map((one) => [one.taskId, one]));
    return reports.map(({ taskId }) => byTask.get(taskId));
  }
}
