import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import { isUuid, type TaskRoutes } from '@lovage/foundation';
import type {
  AgainManyAnswer,
  DeadLetterGroups,
  DeadLetterList,
  DeadLetterQuery,
  RedriveBody,
  RedriveManyBody,
  TaskDocument,
  WholeDeadLetterDocument,
} from '@lovage/http-api';
import {
  MAX_LETTER_BYTES,
  type Clock,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterStore,
  type NewTask,
  type RedriveItem,
  type WholeDeadLetter,
} from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { cursorInvalid, decodeAgain, encodeAgain } from '../again/again-cursor.ts';
import { AgainTally } from '../again/again-tally.ts';
import { DueTimes } from '../again/due-times.ts';
import { OpenQueues, queueUnknown } from '../again/open-queues.ts';
import { CLOCK, CONTRACTS, DEAD_LETTERS, ROUTES } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { GatewayMetrics } from '../metrics/metrics.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { SubmitLimiter } from '../tasks/submit-limiter.ts';
import { submittedRow, taskDocument } from '../tasks/task-document.ts';
import { groupDocument, letterDocument, wholeLetterDocument } from './letter-document.ts';
import { taskOfLetter, type LetterEdits } from './letter-task.ts';

/** Who asks, and what is edited. */
export interface Redriving {
  readonly userId: string;
  readonly edits: LetterEdits;
}

/** Groups that are told of. */
const MOST_GROUPS = 500;
/** Letters of one statement, and how much of their bodies is in memory at once. */
const BATCH = 100;
const BATCH_BYTES = 8 * 1024 * 1024;
/** How long one request goes on, ms; its answer tells how to go on. */
const MANY_MS = 10_000;

/** Shows messages that the broker gave up, and makes tasks of them again. */
@Injectable()
export class DeadLettersService {
  constructor(
    @Inject(DEAD_LETTERS) private readonly letters: DeadLetterStore,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queues: OpenQueues,
    private readonly metrics: GatewayMetrics,
    private readonly limiter: SubmitLimiter,
  ) {}

  async list({ limit, cursor, redriven, ...query }: DeadLetterQuery): Promise<DeadLetterList> {
    const filter = { ...letterFilterOf(query), redriven };
    const page = await withinDeadline(this.clock, this.letters.list(filter, { limit, before: cursor?.toLowerCase() }));
    return { items: page.items.map(letterDocument), nextCursor: page.next };
  }

  async groups(): Promise<DeadLetterGroups> {
    const { groups, approximate } = await withinDeadline(this.clock, this.letters.groups(MOST_GROUPS));
    return { items: groups.map(groupDocument), approximate };
  }

  /** @throws ProblemError `letter_unknown` */
  async get(id: string): Promise<WholeDeadLetterDocument> {
    return wholeLetterDocument(await this.find(id), this.contracts);
  }

  /** @throws ProblemError `letter_unknown` */
  async remove(id: string): Promise<void> {
    if (!isUuid(id.toLowerCase()) || !(await withinDeadline(this.clock, this.letters.remove(id.toLowerCase()))))
      throw letterUnknown(id);
  }

  /**
   * The new task.
   * @throws ProblemError `letter_unknown`, `letter_redriven`, `queue_unknown`, `too_many_submits`; and what {@link taskOfLetter} throws.
   */
  async redrive(id: string, body: RedriveBody, userId: string): Promise<TaskDocument> {
    const letter = await this.find(id);
    if (letter.redrivenAt !== null) throw letterRedriven(letter.redrivenAs);
    this.limiter.charge(userId);
    const at = this.clock.now();
    const task = this.taskOf(letter, body, userId, at);
    if (!(await this.queues.has(task.queue))) throw queueUnknown(task.queue, 'queue');
    const items = [{ letterId: letter.id, task, delayMs: 0 }];
    const [done] = await withinDeadline(this.clock, this.letters.redrive(items, userId));
    if (done === undefined) throw letterRedriven((await this.find(id)).redrivenAs);
    this.count(task);
    const input: unknown = task.input === null ? null : JSON.parse(task.input);
    return taskDocument(submittedRow({ task, state: 'PENDING' }, input, at));
  }

  /** Those that match and were not redriven, within a bounded time. @throws ProblemError `query_invalid` for a cursor that is none */
  async redriveMany(body: RedriveManyBody, userId: string): Promise<AgainManyAnswer> {
    this.limiter.check(userId);
    const until = this.clock.monotonic() + MANY_MS;
    const filter = { ...letterFilterOf(body.filter), redriven: false };
    const from = body.cursor === undefined ? undefined : positionOf(body.cursor);
    const due = new DueTimes(body.rate, this.clock, from?.dueAt ?? null);
    const tally = new AgainTally();
    let before = from?.position;
    for (;;) {
      const limit = Math.min(BATCH, body.limit - tally.submitted);
      const page = await withinDeadline(this.clock, this.letters.list(filter, { limit, before }));
      await this.redriveThese(page.items, { userId, edits: { mapping: body.mapping } }, due, tally);
      const over = tally.submitted >= body.limit || this.clock.monotonic() >= until || !this.limiter.allows(userId);
      if (page.next === null || over) {
        const next = page.next && encodeAgain({ position: page.next, dueAt: due.following });
        return tally.answer(due.last, next);
      }
      before = page.next;
    }
  }

  /** At most {@link BATCH} letters; as many at a time as their bodies allow. */
  async redriveThese(letters: readonly DeadLetter[], by: Redriving, due: DueTimes, tally: AgainTally): Promise<void> {
    for (const part of bySize(letters)) await this.redrivePart(part, by, due, tally);
  }

  private async redrivePart(
    part: readonly DeadLetter[],
    by: Redriving,
    due: DueTimes,
    tally: AgainTally,
  ): Promise<void> {
    const whole = await withinDeadline(this.clock, this.letters.getMany(part.map(({ id }) => id)));
    const byId = new Map(whole.map((letter) => [letter.id, letter]));
    const open = await this.openQueues(whole);
    const items: RedriveItem[] = [];
    for (const { id } of part) {
      const letter = byId.get(id);
      // Removed in between.
      if (!letter) continue;
      // Prepared before it is given its moment: one that is refused takes none.
      const ready = tally.try(id, () => {
        const task = this.taskOf(letter, by.edits, by.userId, this.clock.now());
        if (open.get(task.queue) === false) throw queueUnknown(task.queue, 'queue');
        return task;
      });
      if (ready) items.push({ letterId: id, ...this.at(due, letter, ready, by) });
    }
    if (items.length === 0) return;
    const done = new Set(await withinDeadline(this.clock, this.letters.redrive(items, by.userId)));
    for (const { letterId, task } of items) if (done.has(letterId)) this.count(task);
    this.limiter.note(by.userId, done.size);
    tally.submitted += done.size;
    tally.skipped += items.length - done.size;
  }

  /** Its expiry counts from its moment, not from now. */
  private at(due: DueTimes, letter: WholeDeadLetter, now: NewTask, by: Redriving): Omit<RedriveItem, 'letterId'> {
    const { at, delayMs } = due.take();
    if (delayMs === 0) return { task: now, delayMs };
    return { task: { ...this.taskOf(letter, by.edits, by.userId, at), eta: at }, delayMs };
  }

  private async openQueues(letters: readonly WholeDeadLetter[]): Promise<Map<string, boolean>> {
    const names = [...new Set(letters.map(({ queue }) => queue))];
    return new Map(await Promise.all(names.map(async (name) => [name, await this.queues.has(name)] as const)));
  }

  private count({ name }: NewTask): void {
    if (this.contracts.find(name)) this.metrics.submitted(name);
  }

  private taskOf(letter: WholeDeadLetter, edits: LetterEdits, userId: string, at: number): NewTask {
    const { contracts, routes } = this;
    return taskOfLetter(letter, edits, { userId, at, deps: { contracts, routes } });
  }

  private async find(id: string): Promise<WholeDeadLetter> {
    const lower = id.toLowerCase();
    const letter = isUuid(lower) ? await withinDeadline(this.clock, this.letters.get(lower)) : undefined;
    if (!letter) throw letterUnknown(id);
    return letter;
  }
}

export function letterFilterOf({ task, ...same }: RedriveManyBody['filter']): DeadLetterFilter {
  return { ...same, ...(task !== undefined && { taskId: taskIdOf(task) }) };
}

function positionOf(cursor: string): { position: string; dueAt: number | null } {
  const decoded = decodeAgain(cursor);
  if (!isUuid(decoded.position)) throw cursorInvalid();
  return decoded;
}

function bySize(letters: readonly DeadLetter[]): DeadLetter[][] {
  const parts: DeadLetter[][] = [];
  let bytes = Infinity;
  for (const letter of letters) {
    const size = Math.min(letter.bodySize, MAX_LETTER_BYTES);
    if (bytes + size > BATCH_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(letter);
    bytes += size;
  }
  return parts;
}

const letterUnknown = (id: string): ProblemError =>
  new ProblemError('letter_unknown', `there is no dead letter ${JSON.stringify(id)}: it never was, or was deleted`);

const letterRedriven = (as: string | null): ProblemError =>
  new ProblemError('letter_redriven', `it has become task ${as ?? '?'}; to run that again, retry it`);
