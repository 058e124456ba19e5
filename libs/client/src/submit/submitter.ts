import { Batcher, hasCode, Signal } from '@lovage/foundation';
import {
  foreignResultsQueue,
  isDoneWithin,
  type Broker,
  type Clock,
  type Log,
  type OutboxStore,
  type RowGaps,
  type RevokedTask,
  type SqlTransaction,
  type SubmittedFirst,
  type TaskStore,
} from '@lovage/ports';
import type { EarlierBy } from '@lovage/task';
import { IdempotencyKeyReusedError } from '../errors.ts';
import { encodeMessage, type MessageSending } from '../message/encode-message.ts';
import type { PreparedTask } from './prepare.ts';
import { KnownQueues, Publisher } from './publisher.ts';
import { KeyedWriter, leftMs, OutboxWriter, type Delay } from './outbox-writer.ts';
import { RowWriter } from './row-writer.ts';

export interface SubmitterOptions {
  readonly gaps?: RowGaps | undefined;
  readonly broker: Broker;
  readonly tasks: TaskStore;
  readonly outbox: OutboxStore;
  /** Queues that may be declared. */
  readonly queues: ReadonlySet<string>;
  readonly log: Log;
  readonly clock: Clock;
  /** A task has made room for another: callers that wait for it are to be told. */
  readonly onReplaced: (task: RevokedTask) => void;
}

export interface SubmitOutcome {
  readonly id: string;
  /** False: the task was there before. */
  readonly fresh: boolean;
  /** Why it is not fresh. */
  readonly earlier?: EarlierBy;
  /** Of a fresh task, as far as this process has brought it. */
  readonly state: SubmittedState;
}

/** `QUEUED`: the broker has it. `PENDING`, `SCHEDULED`: the outbox has it, to be sent soon, or when due. */
export type SubmittedState = 'PENDING' | 'SCHEDULED' | 'QUEUED';

interface OutboxKey {
  readonly taskId: string;
  readonly generation: number;
}

/** For how long this process has a message of the outbox for itself, ms; should it die, the relay sends it then. */
const LEASE_MS = 10_000;
/** Until the relay tries a message that the broker has refused for itself, ms. */
const REFUSED_RETRY_MS = 5_000;
/** How long a stop waits for submits under way, ms: no longer than a broker's stop waits for their confirms. */
const STOP_PATIENCE_MS = 2_000;

/** Failures of a publish after which the outbox takes over: the task is accepted, the broker gets it later. */
function outboxTakesOver(error: unknown): boolean {
  return hasCode(error, 'broker_unavailable') || hasCode(error, 'confirm_lost') || hasCode(error, 'broker_blocked');
}

/**
 * Sends tasks so that none is lost. The fast way: publish, confirm, then the row, batched. Row and outbox first where the
 * message must not be sent twice or not yet, or the broker cannot take it (docs/delivery.md, SUBMIT).
 */
export class Submitter {
  /** An outbox message that this process published itself was acked. For tests. */
  readonly acked = new Signal<OutboxKey>();
  private readonly publisher: Publisher;
  private readonly queues: KnownQueues;
  private readonly rows: RowWriter;
  private readonly outbox: OutboxWriter;
  private readonly keyed: KeyedWriter;
  private readonly published: Batcher<OutboxKey>;
  /** Submits that have begun and not ended. */
  private underWay = 0;
  private onSettled: (() => void) | undefined;
  /** How first messages are sent: one object each for all of them. */
  private readonly first: MessageSending;
  private readonly firstRowless: MessageSending;
  private readonly firstWithRow: MessageSending;

  constructor(private readonly options: SubmitterOptions) {
    const { broker, tasks, outbox, log, clock } = options;
    this.first = { generation: 0, retries: 0, hasRow: false, foreignResults: foreignResultsQueue(broker) };
    this.firstRowless = { ...this.first, rowless: true };
    this.firstWithRow = { ...this.first, hasRow: true };
    this.publisher = new Publisher(broker);
    this.queues = new KnownQueues(broker, options.queues);
    this.rows = new RowWriter({ tasks, log, clock, gaps: options.gaps });
    this.outbox = new OutboxWriter({ tasks, clock });
    this.keyed = new KeyedWriter({ tasks, clock });
    this.published = new Batcher<OutboxKey>({
      flush: async (keys) => {
        await outbox.published(keys);
        for (const key of keys) this.acked.emit(key);
        return [];
      },
    });
  }

  /**
   * Resolves once the task cannot be lost.
   * @throws UnroutableError PublishRefusedError nothing was stored.
   * @throws IdempotencyKeyReusedError TaskNotUniqueError
   * @throws StoreUnavailableError the task needs its row first and Postgres is away: nothing was stored.
   * @throws ConfirmLostError the broker went away before it confirmed, and Postgres is away too: the task may run or not.
   */
  submit(task: PreparedTask): Promise<SubmitOutcome> {
    return task.key === undefined &&
      task.unique === undefined &&
      // Its result may come back before the row would be there, and has nothing else to be recorded in.
      task.stored.foreign === undefined &&
      task.delayMs === 0 &&
      this.options.broker.state === 'up'
      ? this.fast(task)
      : this.rowFirst(task);
  }

  /**
   * Puts it into a transaction of the caller's. It is there when that is committed; the relay sends it then.
   * @throws UnroutableError IdempotencyKeyReusedError TaskNotUniqueError and what the transaction throws.
   */
  async submitIn(transaction: SqlTransaction, task: PreparedTask): Promise<SubmitOutcome> {
    const { row, key, unique } = task;
    const delay = this.delayOf(task);
    await this.reach(row.queue);
    const delayMs = leftMs(delay, this.options.clock);
    const items = [{ task: row, delayMs, leaseMs: 0, key, unique }];
    const [kept] = await this.options.tasks.insertFirst(items, { transaction });
    if (kept instanceof Error) throw kept;
    // It has waited for the holder of its key, so it is not locked.
    return (
      earlierOf(task, kept as SubmittedFirst) ?? {
        id: row.id,
        fresh: true,
        state: delayMs > 0 ? 'SCHEDULED' : 'PENDING',
      }
    );
  }

  /** Whether the task was accepted here and its row waits for Postgres. */
  keepsRow(id: string): boolean {
    return this.rows.keeps(id);
  }

  /** Waits for the submits under way, for two seconds at most: a confirm may never come. */
  async stop(): Promise<void> {
    await this.settled();
    await this.rows.stop();
    await this.outbox.idle();
    await this.keyed.idle();
    await this.published.idle();
    this.publisher.stop();
  }

  private async settled(): Promise<void> {
    if (this.underWay === 0) return;
    const settled = new Promise<void>((resolve) => (this.onSettled = resolve));
    await isDoneWithin(this.options.clock, STOP_PATIENCE_MS, settled);
  }

  private leave(): void {
    this.underWay -= 1;
    if (this.underWay === 0) this.onSettled?.();
  }

  private async fast(task: PreparedTask): Promise<SubmitOutcome> {
    const { row } = task;
    this.underWay += 1;
    try {
      if (!this.queues.isOpen(row.queue)) await this.queues.open(row.queue);
      await this.publisher.send(
        encodeMessage(row, task.stored, task.record === 'full' ? this.first : this.firstRowless),
      );
      if (task.record === 'full') await this.rows.write(row);
      return { id: row.id, fresh: true, state: 'QUEUED' };
    } catch (error) {
      if (!outboxTakesOver(error)) throw error;
      return await this.afterFailedPublish(task, error);
    } finally {
      this.leave();
    }
  }

  private async afterFailedPublish(task: PreparedTask, failure: unknown): Promise<SubmitOutcome> {
    try {
      // The relay's copy and one that the broker may have taken collapse in the claim: same id, same generation.
      await this.outbox.write(task.row, this.delayOf(task));
    } catch (error) {
      throw hasCode(failure, 'broker_unavailable') ? error : failure;
    }
    return { id: task.row.id, fresh: true, state: 'PENDING' };
  }

  private async rowFirst(task: PreparedTask): Promise<SubmitOutcome> {
    const { row, key, unique } = task;
    this.underWay += 1;
    try {
      const delay = this.delayOf(task);
      const reachable = await this.reach(row.queue);
      const publishNow = reachable && task.delayMs === 0;
      if (publishNow || key || unique) {
        const kept = await this.keyed.write({ task: row, delay, leaseMs: publishNow ? LEASE_MS : 0, key, unique });
        if (kept.replaced) this.options.onReplaced(kept.replaced);
        const earlier = earlierOf(task, kept);
        if (earlier) return earlier;
      } else await this.outbox.write(row, delay);
      if (task.delayMs > 0) return { id: row.id, fresh: true, state: 'SCHEDULED' };
      const published = publishNow && (await this.publishLeased(task));
      return { id: row.id, fresh: true, state: published ? 'QUEUED' : 'PENDING' };
    } finally {
      this.leave();
    }
  }

  private delayOf({ delayMs }: PreparedTask): Delay {
    return { delayMs, since: this.options.clock.monotonic() };
  }

  /** Whether the broker takes messages for the queue now. @throws UnroutableError */
  private async reach(queue: string): Promise<boolean> {
    if (this.options.broker.state !== 'up') return false;
    try {
      await this.queues.open(queue);
      return true;
    } catch (error) {
      if (outboxTakesOver(error)) return false;
      throw error;
    }
  }

  /** Saves the relay's tick; tells whether the broker has it. The task is accepted already, so nothing here is the caller's failure. */
  private async publishLeased(task: PreparedTask): Promise<boolean> {
    const { log, outbox } = this.options;
    const key = { taskId: task.row.id, generation: 0 };
    try {
      await this.publisher.send(encodeMessage(task.row, task.stored, this.firstWithRow));
    } catch (error) {
      // Blocked: the message is on its way and may be confirmed later; if not, the lease runs out.
      if (hasCode(error, 'broker_blocked')) return false;
      log.warn({ err: error, taskId: key.taskId }, 'a task was accepted but not published; the outbox relay sends it');
      await outbox
        .release([key], outboxTakesOver(error) ? 0 : REFUSED_RETRY_MS)
        .catch((lost) => log.warn({ err: lost, taskId: key.taskId }, 'its lease could not be released; it runs out'));
      return false;
    }
    this.published
      .add(key)
      .catch((error) =>
        log.warn({ err: error, taskId: key.taskId }, 'published, but not acked in the outbox; it may be sent twice'),
      );
    return true;
  }
}

/** The task that is the answer instead of the one submitted, if one is. @throws IdempotencyKeyReusedError */
function earlierOf({ key }: PreparedTask, kept: SubmittedFirst): SubmitOutcome | undefined {
  if (kept.fresh) return undefined;
  if (kept.unique) return { id: kept.taskId, fresh: false, earlier: 'unique', state: 'PENDING' };
  if (kept.fingerprint !== key!.fingerprint) throw new IdempotencyKeyReusedError(key!.key, kept.taskId);
  return { id: kept.taskId, fresh: false, earlier: 'idempotencyKey', state: 'PENDING' };
}
