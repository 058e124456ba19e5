import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import { prepareForeignRow, prepareRow, type PreparedRow, type SubmitOptions } from '@lovage/client';
import { uuidFrom, type TaskRoutes } from '@lovage/foundation';
import type { BulkRetryAnswer, InputMapping, RetryManyBody } from '@lovage/http-api';
import type { Clock, StoredMessage, TaskRow } from '@lovage/ports';
import type { AnyContract, ContractRegistry, SubmitInput, TaskState } from '@lovage/task';
import { cursorInvalid, decodeRetryCursor, encodeRetryCursor } from '../bulk-retry/retry-cursor.ts';
import { BulkRetryCounts } from '../bulk-retry/retry-counts.ts';
import { DueTimes } from '../bulk-retry/due-times.ts';
import { retryExtra } from '../bulk-retry/retry-extra.ts';
import { retryInput, retryForeign } from '../bulk-retry/retry-input.ts';
import { OpenQueues, queueUnknown } from '../bulk-retry/open-queues.ts';
import { CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM, ROUTES } from '../deps.ts';
import { GatewayMetrics } from '../metrics/metrics.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { decodeCursor, encodeCursor } from './list/cursor.ts';
import { filterOf, looksIntoEach } from './list/filter.ts';
import { TextSearches } from './list/text-searches.ts';
import { argumentsOf, retriedInput } from './steer.service.ts';
import { SubmitLimiter } from './submit-limiter.ts';

/** Who asks, and what is edited. */
export interface Retrying {
  readonly userId: string;
  readonly mapping: InputMapping | undefined;
}

/** Rows of one statement: an input may have a mebibyte. */
const BATCH = 50;
/** How long one request goes on, ms; its answer tells how to go on. */
const MANY_MS = 10_000;
/** Which ended tasks are meant where no state is named. */
export const FAILED: readonly TaskState[] = ['FAILURE', 'DEAD'];

/**
 * Runs many ended tasks again. The id of the new task follows from that of the old one, so that a request sent twice, or two that
 * overlap, run each task again once: to run it a third time, retry the task that the second became.
 */
@Injectable()
export class RetryManyService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'tasks' | 'lists'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queues: OpenQueues,
    private readonly metrics: GatewayMetrics,
    private readonly limiter: SubmitLimiter,
    private readonly searches: TextSearches,
  ) {}

  /** What became of them; of a filter within a bounded time. @throws ProblemError `query_invalid` for an invalid cursor; `too_many_submits` */
  async retry(body: RetryManyBody, userId: string): Promise<BulkRetryAnswer> {
    const from = body.cursor === undefined ? undefined : decodeRetryCursor(body.cursor);
    const due = new DueTimes(body.rate, this.clock, from?.dueAt ?? null);
    const counts = new BulkRetryCounts();
    if (body.ids) {
      if (from) throw cursorInvalid();
      const ids = [...new Set(body.ids)];
      await this.limiter.check(userId, ids.length);
      for (let i = 0; i < ids.length; i += BATCH)
        await this.retryThese(ids.slice(i, i + BATCH), { userId, mapping: body.mapping }, due, counts);
      return counts.answer(due.last, null);
    }
    await this.limiter.check(userId);
    const until = this.clock.monotonic() + MANY_MS;
    const filter = { ...filterOf(body.filter!, this.contracts), states: body.filter!.state ?? FAILED };
    let after = from && decodeCursor(from.position);
    for (;;) {
      const limit = Math.min(BATCH, body.limit - counts.submitted);
      const read = () => this.platform.lists.list(filter, { limit, after });
      const page = await (looksIntoEach(body.filter!) ? this.searches.run(userId, read) : read());
      const ids = page.items.map(({ id }) => id);
      await this.retryThese(ids, { userId, mapping: body.mapping }, due, counts);
      const over =
        counts.submitted >= body.limit || this.clock.monotonic() >= until || !(await this.limiter.allows(userId));
      if (!page.next || over) {
        const next = page.next && encodeRetryCursor({ position: encodeCursor(page.next), dueAt: due.following });
        return counts.answer(due.last, next);
      }
      after = page.next;
    }
  }

  /** Few at a time: their inputs are in memory at once. @param ids as people or Celery programs call the tasks. */
  async retryThese(ids: readonly string[], by: Retrying, due: DueTimes, counts: BulkRetryCounts): Promise<void> {
    if (ids.length === 0) return;
    const rows = await this.platform.tasks.finished([...new Set(ids.map(taskIdOf))]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const open = await this.openQueues(rows);
    const items: (PreparedRow & { delayMs: number })[] = [];
    for (const id of ids) {
      const row = byId.get(taskIdOf(id));
      const ready = counts.try(id, () => {
        if (!row) throw notEnded();
        if (open.get(row.queue) === false) throw queueUnknown(row.queue, 'queue');
        return this.taskOf(row, by, this.clock.now());
      });
      if (!ready) continue;
      const { at, delayMs } = due.take();
      // Its expiry counts from its moment, not from now.
      const { task, unique } = delayMs === 0 ? ready : this.taskOf(row!, by, at);
      items.push({ task: delayMs === 0 ? task : { ...task, eta: at }, unique, delayMs });
    }
    if (items.length === 0) return;
    const made = new Set(await this.platform.tasks.insertFirstMany(items));
    for (const { task } of items)
      if (made.has(task.id) && this.contracts.find(task.name)) this.metrics.submitted(task.name);
    await this.limiter.note(by.userId, made.size);
    counts.submitted += made.size;
    counts.skipped += items.length - made.size;
  }

  /** @throws InputInvalidError MappingError SubmitOptionsError: its contract has changed. */
  private taskOf(row: TaskRow, by: Retrying, at: number): PreparedRow {
    const options: SubmitOptions & { queue: string } = {
      queue: row.queue,
      priority: row.priority === null ? undefined : Math.min(9, row.priority),
      retry: (row.message as StoredMessage | null)?.retry,
      ...retryExtra(row.extra, this.contracts.find(row.name)),
      userId: by.userId,
      retriedFrom: row.id,
    };
    const { task, unique } = this.prepared(row, by, options, at);
    const id = uuidFrom(`again:${row.id}`);
    return { task: { ...task, id, rootId: task.rootId === task.id ? id : task.rootId }, unique };
  }

  private prepared(
    row: TaskRow,
    { mapping }: Retrying,
    options: SubmitOptions & { queue: string },
    at: number,
  ): PreparedRow {
    const { name, stamp = null } = row;
    const contract = this.contracts.find(name);
    if (!contract) {
      const foreign = retryForeign({ name, ...argumentsOf(row), stamp }, mapping);
      return { task: prepareForeignRow(foreign, options, at), unique: undefined };
    }
    const { input, newerStamp } = retryInput(contract, retriedInput(row, contract), stamp, mapping);
    if (newerStamp === undefined)
      return prepareRow(contract, input as SubmitInput<AnyContract>, options, at, this.routes);
    const newer = { name, kwargs: input as Record<string, unknown>, stamp: newerStamp };
    return { task: prepareForeignRow(newer, options, at), unique: undefined };
  }

  private async openQueues(rows: readonly TaskRow[]): Promise<Map<string, boolean>> {
    const names = [...new Set(rows.map(({ queue }) => queue))];
    return new Map(await Promise.all(names.map(async (name) => [name, await this.queues.has(name)] as const)));
  }
}

const notEnded = (): ProblemError =>
  new ProblemError('task_not_ended', 'no task of this id has ended: it waits, it runs, or none is recorded');
