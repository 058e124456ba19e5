import { Inject, Injectable } from '@nestjs/common';
import { isUuid } from '@lovage/foundation';
import type { BulkPreviewBody } from '@lovage/http-api';
import type { Clock, DeadLetter, DeadLetterFilter, DeadLetterStore, TaskFilter, TaskLists } from '@lovage/ports';
import { isTerminal, TASK_STATES, TERMINAL_STATES, type ContractRegistry, type TaskState } from '@lovage/task';
import { letterFilterOf } from '../dead-letters/dead-letters.service.ts';
import { CLOCK, CONTRACTS, DEAD_LETTERS, LISTS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { decodeCursor, encodeCursor } from '../tasks/list/cursor.ts';
import { filterOf, looksIntoEach } from '../tasks/list/filter.ts';
import { TextSearches } from '../tasks/list/text-searches.ts';
import { FAILED } from '../tasks/retry-many.service.ts';

/** How long a count goes on, ms. The last part of it may take as long as any query. */
const COUNT_MS = 3_000;
const COUNT_DEADLINE_MS = COUNT_MS + 5_000;
const RUNNING: ReadonlySet<TaskState> = new Set(['STARTED', 'PROGRESS']);
/** Letters of one page of a count. */
const LETTERS = 1_000;

/** How many match. */
export interface BulkCount {
  readonly matched: number;
  readonly complete: boolean;
  readonly states: Readonly<Partial<Record<TaskState, number>>>;
}

/** Some of those that match. */
export interface BulkPage {
  readonly tasks: readonly string[];
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

/** What a job acts for: what it is to do, what came after `at` is left alone, and who asks. */
export interface BulkScope {
  readonly spec: BulkPreviewBody;
  /** ms since the epoch. */
  readonly at: number;
  readonly userId: string;
}

/** Finds what matches a filter and was there at a moment. */
@Injectable()
export class BulkTargets {
  constructor(
    @Inject(LISTS) private readonly lists: Pick<TaskLists, 'list' | 'countAll'>,
    @Inject(DEAD_LETTERS) private readonly letters: Pick<DeadLetterStore, 'list'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly searches: TextSearches,
  ) {}

  async count(scope: BulkScope): Promise<BulkCount> {
    const { spec, at, userId } = scope;
    if (isOfLetters(spec)) return this.countLetters(spec, at);
    const filter = this.taskFilter(spec, at);
    if (!filter) return { matched: 0, complete: true, states: {} };
    const read = () => withinDeadline(this.clock, this.lists.countAll(filter, { timeMs: COUNT_MS }), COUNT_DEADLINE_MS);
    const { states, complete } = await (looksIntoEach(spec.filter) ? this.searches.run(userId, read) : read());
    const found = Object.entries(states).filter(([, n]) => n > 0);
    return { matched: found.reduce((sum, [, n]) => sum + n, 0), complete, states: Object.fromEntries(found) };
  }

  /** @param position `next` of the page before; null: from the beginning. */
  async page(scope: BulkScope, position: string | null, limit: number): Promise<BulkPage> {
    const { spec, at, userId } = scope;
    if (isOfLetters(spec)) {
      const before = position ?? firstAfter(at);
      const page = await withinDeadline(this.clock, this.letters.list(letterFilter(spec), { limit, before }));
      return { tasks: [], letters: page.items, next: page.next };
    }
    const filter = this.taskFilter(spec, at);
    if (!filter) return { tasks: [], letters: [], next: null };
    const after = position === null ? undefined : decodeCursor(position);
    const read = () => withinDeadline(this.clock, this.lists.list(filter, { limit, after }));
    const page = await (looksIntoEach(spec.filter) ? this.searches.run(userId, read) : read());
    return { tasks: page.items.map(({ id }) => id), letters: [], next: page.next && encodeCursor(page.next) };
  }

  /** Undefined: nothing can match. */
  private taskFilter(spec: TaskSpec, at: number): TaskFilter | undefined {
    const states = statesOf(spec);
    if (states.length === 0) return undefined;
    const filter = filterOf(spec.filter, this.contracts);
    const until = (given: number | undefined): number => Math.min(given ?? Infinity, at);
    const createdTo = until(filter.createdTo);
    // What has ended since was live at that moment.
    const ended = spec.action !== 'task.revoke' && { finishedTo: until(filter.finishedTo) };
    return { ...filter, states, createdTo, ...ended };
  }

  private async countLetters(spec: LetterSpec, at: number): Promise<BulkCount> {
    const until = this.clock.monotonic() + COUNT_MS;
    let matched = 0;
    let before = firstAfter(at);
    for (;;) {
      const page = await withinDeadline(this.clock, this.letters.list(letterFilter(spec), { limit: LETTERS, before }));
      matched += page.items.length;
      if (page.next === null) return { matched, complete: true, states: {} };
      if (this.clock.monotonic() >= until) return { matched, complete: false, states: {} };
      before = page.next;
    }
  }
}

type LetterSpec = Extract<BulkPreviewBody, { action: `dead_letter.${string}` }>;
type TaskSpec = Exclude<BulkPreviewBody, LetterSpec>;

const isOfLetters = (spec: BulkPreviewBody): spec is LetterSpec => spec.action.startsWith('dead_letter.');

function letterFilter({ action, filter }: LetterSpec): DeadLetterFilter {
  return { ...letterFilterOf(filter), ...(action === 'dead_letter.redrive' && { redriven: false }) };
}

/** States of the tasks that it can be done to. */
function statesOf(spec: TaskSpec): readonly TaskState[] {
  const { state } = spec.filter;
  switch (spec.action) {
    case 'task.retry':
      return state ?? FAILED;
    case 'task.delete':
      return state ?? TERMINAL_STATES;
    case 'task.revoke':
      return (state ?? TASK_STATES).filter((one) => !isTerminal(one) && (spec.terminate || !RUNNING.has(one)));
  }
}

/** The lowest id of a letter that is written at this moment: ids are UUIDv7, and begin with their time. */
function firstAfter(at: number): string {
  const hex = Math.max(0, at).toString(16).padStart(12, '0');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
  if (!isUuid(id)) throw new Error(`${at} is no time of an id`);
  return id;
}
