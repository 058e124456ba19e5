import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import { isUuid, type TaskRoutes } from '@lovage/foundation';
import type {
  BulkRetryAnswer,
  DeadLetterGroups,
  DeadLetterList,
  DeadLetterQuery,
  RedriveBody,
  RedriveManyBody,
  TaskDocument,
  WholeDeadLetterDocument,
} from '@lovage/http-api';
import {
  MAX_DEAD_LETTER_BYTES,
  type Clock,
  type DeadLetter,
  type DeadLetterFilter,
  type NewTask,
  type RedriveItem,
  type WholeDeadLetter,
} from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { cursorInvalid, decodeRetryCursor, encodeRetryCursor } from '../bulk-retry/retry-cursor.ts';
import { BulkRetryCounts } from '../bulk-retry/retry-counts.ts';
import { DueTimes } from '../bulk-retry/due-times.ts';
import { OpenQueues, queueUnknown } from '../bulk-retry/open-queues.ts';
import { CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM, ROUTES } from '../deps.ts';
import { GatewayMetrics } from '../metrics/metrics.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { SubmitLimiter } from '../tasks/submit-limiter.ts';
import { submittedRow, taskDocument } from '../tasks/task-document.ts';
import { groupDocument, deadLetterDocument, wholeDeadLetterDocument } from './dead-letter-document.ts';
import { taskOfDeadLetter, type DeadLetterEdits } from './dead-letter-task.ts';

/** Who asks, and what is edited. */
export interface Redriving {
  readonly userId: string;
  readonly edits: DeadLetterEdits;
}

/** Groups that are told of. */
const MOST_GROUPS = 500;
/** Dead letters of one statement, and how much of their bodies is in memory at once. */
const BATCH = 100;
const BATCH_BYTES = 8 * 1024 * 1024;
/** How long one request goes on, ms; its answer tells how to go on. */
const MANY_MS = 10_000;

/** Shows messages that the broker gave up, and makes tasks of them again. */
@Injectable()
export class DeadLettersService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'deadLetters'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queues: OpenQueues,
    private readonly metrics: GatewayMetrics,
    private readonly limiter: SubmitLimiter,
  ) {}

  async list({ limit, cursor, redriven, ...query }: DeadLetterQuery): Promise<DeadLetterList> {
    const filter = { ...deadLetterFilterOf(query), redriven };
    const page = await this.platform.deadLetters.list(filter, { limit, before: cursor?.toLowerCase() });
    return { items: page.items.map(deadLetterDocument), nextCursor: page.next };
  }

  async groups(): Promise<DeadLetterGroups> {
    const { groups, approximate } = await this.platform.deadLetters.groups(MOST_GROUPS);
    return { items: groups.map(groupDocument), approximate };
  }

  /** @throws ProblemError `letter_unknown` */
  async get(id: string): Promise<WholeDeadLetterDocument> {
    return wholeDeadLetterDocument(await this.find(id), this.contracts);
  }

  /** @throws ProblemError `letter_unknown` */
  async remove(id: string): Promise<void> {
    if (!isUuid(id.toLowerCase()) || !(await this.platform.deadLetters.remove(id.toLowerCase())))
      throw deadLetterUnknown(id);
  }

  /**
   * The new task.
   * @throws ProblemError `letter_unknown`, `letter_redriven`, `queue_unknown`, `too_many_submits`; and what {@link taskOfDeadLetter} throws.
   */
  async redrive(id: string, body: RedriveBody, userId: string): Promise<TaskDocument> {
    const deadLetter = await this.find(id);
    if (deadLetter.redrivenAt !== null) throw deadLetterRedriven(deadLetter.redrivenAs);
    await this.limiter.charge(userId);
    const at = this.clock.now();
    const task = this.taskOf(deadLetter, body, userId, at);
    if (!(await this.queues.has(task.queue))) throw queueUnknown(task.queue, 'queue');
    const items = [{ deadLetterId: deadLetter.id, task, delayMs: 0 }];
    const [done] = await this.platform.deadLetters.redrive(items, userId);
    if (done === undefined) throw deadLetterRedriven((await this.find(id)).redrivenAs);
    this.count(task);
    const input: unknown = task.input === null ? null : JSON.parse(task.input);
    return taskDocument(submittedRow({ task, state: 'PENDING' }, input, at));
  }

  /** Those that match and were not redriven, within a bounded time. @throws ProblemError `query_invalid` for an invalid cursor */
  async redriveMany(body: RedriveManyBody, userId: string): Promise<BulkRetryAnswer> {
    await this.limiter.check(userId);
    const until = this.clock.monotonic() + MANY_MS;
    const filter = { ...deadLetterFilterOf(body.filter), redriven: false };
    const from = body.cursor === undefined ? undefined : positionOf(body.cursor);
    const due = new DueTimes(body.rate, this.clock, from?.dueAt ?? null);
    const counts = new BulkRetryCounts();
    let before = from?.position;
    for (;;) {
      const limit = Math.min(BATCH, body.limit - counts.submitted);
      const page = await this.platform.deadLetters.list(filter, { limit, before });
      await this.redriveThese(page.items, { userId, edits: { mapping: body.mapping } }, due, counts);
      const over =
        counts.submitted >= body.limit || this.clock.monotonic() >= until || !(await this.limiter.allows(userId));
      if (page.next === null || over) {
        const next = page.next && encodeRetryCursor({ position: page.next, dueAt: due.following });
        return counts.answer(due.last, next);
      }
      before = page.next;
    }
  }

  /** At most {@link BATCH} dead letters; as many at a time as their bodies allow. */
  async redriveThese(
    deadLetters: readonly DeadLetter[],
    by: Redriving,
    due: DueTimes,
    counts: BulkRetryCounts,
  ): Promise<void> {
    for (const part of bySize(deadLetters)) await this.redrivePart(part, by, due, counts);
  }

  private async redrivePart(
    part: readonly DeadLetter[],
    by: Redriving,
    due: DueTimes,
    counts: BulkRetryCounts,
  ): Promise<void> {
    const whole = await this.platform.deadLetters.getMany(part.map(({ id }) => id));
    const byId = new Map(whole.map((deadLetter) => [deadLetter.id, deadLetter]));
    const open = await this.openQueues(whole);
    const items: RedriveItem[] = [];
    for (const { id } of part) {
      const deadLetter = byId.get(id);
      // Removed in between.
      if (!deadLetter) continue;
      // Prepared before it is given its moment: one that is refused takes none.
      const ready = counts.try(id, () => {
        const task = this.taskOf(deadLetter, by.edits, by.userId, this.clock.now());
        if (open.get(task.queue) === false) throw queueUnknown(task.queue, 'queue');
        return task;
      });
      if (ready) items.push({ deadLetterId: id, ...this.at(due, deadLetter, ready, by) });
    }
    if (items.length === 0) return;
    const done = new Set(await this.platform.deadLetters.redrive(items, by.userId));
    for (const { deadLetterId, task } of items) if (done.has(deadLetterId)) this.count(task);
    await this.limiter.note(by.userId, done.size);
    counts.submitted += done.size;
    counts.skipped += items.length - done.size;
  }

  /** Its expiry counts from its moment, not from now. */
  private at(
    due: DueTimes,
    deadLetter: WholeDeadLetter,
    now: NewTask,
    by: Redriving,
  ): Omit<RedriveItem, 'deadLetterId'> {
    const { at, delayMs } = due.take();
    if (delayMs === 0) return { task: now, delayMs };
    return { task: { ...this.taskOf(deadLetter, by.edits, by.userId, at), eta: at }, delayMs };
  }

  private async openQueues(deadLetters: readonly WholeDeadLetter[]): Promise<Map<string, boolean>> {
    const names = [...new Set(deadLetters.map(({ queue }) => queue))];
    return new Map(await Promise.all(names.map(async (name) => [name, await this.queues.has(name)] as const)));
  }

  private count({ name }: NewTask): void {
    if (this.contracts.find(name)) this.metrics.submitted(name);
  }

  private taskOf(deadLetter: WholeDeadLetter, edits: DeadLetterEdits, userId: string, at: number): NewTask {
    const { contracts, routes } = this;
    return taskOfDeadLetter(deadLetter, edits, { userId, at, deps: { contracts, routes } });
  }

  private async find(id: string): Promise<WholeDeadLetter> {
    const lower = id.toLowerCase();
    const deadLetter = isUuid(lower) ? await this.platform.deadLetters.get(lower) : undefined;
    if (!deadLetter) throw deadLetterUnknown(id);
    return deadLetter;
  }
}

export function deadLetterFilterOf({ task, ...same }: RedriveManyBody['filter']): DeadLetterFilter {
  return { ...same, ...(task !== undefined && { taskId: taskIdOf(task) }) };
}

function positionOf(cursor: string): { position: string; dueAt: number | null } {
  const decoded = decodeRetryCursor(cursor);
  if (!isUuid(decoded.position)) throw cursorInvalid();
  return decoded;
}

function bySize(deadLetters: readonly DeadLetter[]): DeadLetter[][] {
  const parts: DeadLetter[][] = [];
  let bytes = Infinity;
  for (const deadLetter of deadLetters) {
    const size = Math.min(deadLetter.bodySize, MAX_DEAD_LETTER_BYTES);
    if (bytes + size > BATCH_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(deadLetter);
    bytes += size;
  }
  return parts;
}

const deadLetterUnknown = (id: string): ProblemError =>
  new ProblemError('letter_unknown', `there is no dead letter ${JSON.stringify(id)}: it never was, or was deleted`);

const deadLetterRedriven = (as: string | null): ProblemError =>
  new ProblemError('letter_redriven', `it has become task ${as ?? '?'}; to run that again, retry it`);
