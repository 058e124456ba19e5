import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import { isUuid } from '@lovage/foundation';
import type { BulkPreviewBody } from '@lovage/http-api';
import type { Clock, DeadLetter, DeadLetterFilter, TaskFilter } from '@lovage/ports';
import { isTerminal, TASK_STATES, TERMINAL_STATES, type ContractRegistry, type TaskState } from '@lovage/task';
import { deadLetterFilterOf } from '../dead-letters/dead-letters.service.ts';
import { CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { decodeCursor, encodeCursor } from '../tasks/list/cursor.ts';
import { filterOf, looksIntoEach } from '../tasks/list/filter.ts';
import { TextSearches } from '../tasks/list/text-searches.ts';
import { FAILED } from '../tasks/retry-many.service.ts';

/** How long a count goes on, ms. The last part of it may take as long as any query. */
const COUNT_MS = 3_000;
const RUNNING: ReadonlySet<TaskState> = new Set(['STARTED', 'PROGRESS']);
/** Dead letters of one page of a count. */
const COUNT_PAGE = 1_000;

/** How many match. */
export interface BulkCount {
  readonly matched: number;
  readonly complete: boolean;
  readonly states: Readonly<Partial<Record<TaskState, number>>>;
}

/** Some of those that match. */
export interface BulkPage {
  readonly tasks: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
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
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'lists' | 'deadLetters'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly searches: TextSearches,
  ) {}

  async count(scope: BulkScope): Promise<BulkCount> {
    const { spec, at, userId } = scope;
    if (isOfDeadLetters(spec)) return this.countDeadLetters(spec, at);
    const filter = this.taskFilter(spec, at);
    if (!filter) return { matched: 0, complete: true, states: {} };
    const read = () => this.platform.lists.countAll(filter, { timeMs: COUNT_MS });
    const { states, complete } = await (looksInto(spec) ? this.searches.run(userId, read) : read());
    const found = Object.entries(states).filter(([, n]) => n > 0);
    return { matched: found.reduce((sum, [, n]) => sum + n, 0), complete, states: Object.fromEntries(found) };
  }

  /** @param position `next` of the page before; null: from the beginning. */
  async page(scope: BulkScope, position: string | null, limit: number): Promise<BulkPage> {
    const { spec, at, userId } = scope;
    if (isOfDeadLetters(spec)) {
      const before = position ?? firstAfter(at);
      const page = await this.platform.deadLetters.list(deadLetterFilter(spec), { limit, before });
      return { tasks: [], deadLetters: page.items, next: page.next };
    }
    const filter = this.taskFilter(spec, at);
    if (!filter) return { tasks: [], deadLetters: [], next: null };
    const after = position === null ? undefined : decodeCursor(position);
    const read = () => this.platform.lists.list(filter, { limit, after });
    const page = await (looksInto(spec) ? this.searches.run(userId, read) : read());
    return { tasks: page.items.map(({ id }) => id), deadLetters: [], next: page.next && encodeCursor(page.next) };
  }

  /** Undefined: nothing can match. */
  private taskFilter(spec: TaskSpec, at: number): TaskFilter | undefined {
    const states = statesOf(spec);
    if (states.length === 0) return undefined;
    const filter = spec.ids
      ? { ids: [...new Set(spec.ids.map(taskIdOf))] }
      : filterOf(spec.filter ?? {}, this.contracts);
    const until = (given: number | undefined): number => Math.min(given ?? Infinity, at);
    const createdTo = until(filter.createdTo);
    // What has ended since was live at that moment.
    const ended = spec.action !== 'task.revoke' && { finishedTo: until(filter.finishedTo) };
    return { ...filter, states, createdTo, ...ended };
  }

  private async countDeadLetters(spec: DeadLetterSpec, at: number): Promise<BulkCount> {
    const until = this.clock.monotonic() + COUNT_MS;
    let matched = 0;
    let before = firstAfter(at);
    for (;;) {
      const page = await this.platform.deadLetters.list(deadLetterFilter(spec), { limit: COUNT_PAGE, before });
      matched += page.items.length;
      if (page.next === null) return { matched, complete: true, states: {} };
      if (this.clock.monotonic() >= until) return { matched, complete: false, states: {} };
      before = page.next;
    }
  }
}

type DeadLetterSpec = Extract<BulkPreviewBody, { action: `dead_letter.${string}` }>;
type TaskSpec = Exclude<BulkPreviewBody, DeadLetterSpec>;

const isOfDeadLetters = (spec: BulkPreviewBody): spec is DeadLetterSpec => spec.action.startsWith('dead_letter.');

function deadLetterFilter({ action, filter }: DeadLetterSpec): DeadLetterFilter {
  return { ...deadLetterFilterOf(filter), ...(action === 'dead_letter.redrive' && { redriven: false }) };
}

const looksInto = ({ filter }: TaskSpec): boolean => filter !== undefined && looksIntoEach(filter);

/** States of the tasks that it can be done to. Of picked ones: all that it can be done to, since each was looked at. */
function statesOf(spec: TaskSpec): readonly TaskState[] {
  const state = spec.filter?.state;
  switch (spec.action) {
    case 'task.retry':
      return state ?? (spec.ids ? TERMINAL_STATES : FAILED);
    case 'task.delete':
      return state ?? TERMINAL_STATES;
    case 'task.revoke':
      return (state ?? TASK_STATES).filter((one) => !isTerminal(one) && (spec.terminate || !RUNNING.has(one)));
  }
}

/** The lowest id of a dead letter that is written at this moment: ids are UUIDv7, and begin with their time. */
function firstAfter(at: number): string {
  const hex = Math.max(0, at).toString(16).padStart(12, '0');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
  if (!isUuid(id)) throw new Error(`${at} is no time of an id`);
  return id;
}
