import { Inject, Injectable } from '@nestjs/common';
import { prepareForeignRow, prepareRow, type PreparedRow } from '@lovage/client';
import type { TaskRoutes } from '@lovage/foundation';
import type { FiringDocument, FiringList, ScheduleDocument } from '@lovage/http-api';
import type { Clock, FiringKey, ScheduleStore } from '@lovage/ports';
import type { AnyContract, ContractRegistry, StoredSchedule, SubmitInput } from '@lovage/task';
import { CLOCK, CONTRACTS, ROUTES, SCHEDULES } from '../deps.ts';
import { againInput } from '../again/input-again.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { SubmitLimiter } from '../tasks/submit-limiter.ts';
import { encodeFiringCursor } from './firing-cursor.ts';
import { firingDocument, pastFiringDocument, scheduleDocument } from './schedule-document.ts';

/** Reads and steers schedules. Beats fire them. */
@Injectable()
export class SchedulesService {
  constructor(
    @Inject(SCHEDULES) private readonly store: ScheduleStore,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly limiter: SubmitLimiter,
  ) {}

  async list(): Promise<ScheduleDocument[]> {
    const { now, schedules } = await this.within(this.store.read());
    return schedules.map((schedule) => scheduleDocument(schedule, now));
  }

  /** @throws ProblemError `schedule_unknown` */
  async get(name: string): Promise<ScheduleDocument> {
    const { now, schedules } = await this.within(this.store.read());
    const schedule = schedules.find((one) => one.name === name);
    if (!schedule) throw unknown(name);
    return scheduleDocument(schedule, now);
  }

  /** @throws ProblemError `schedule_unknown` when there neither is nor was such a schedule. */
  async firings(name: string, { limit, before }: { limit: number; before?: FiringKey }): Promise<FiringList> {
    if (!isName(name)) throw unknown(name);
    const page = await this.within(this.store.firings(name, { limit: limit + 1, before }));
    if (page.length === 0) await this.get(name);
    const items = page.slice(0, limit);
    return {
      items: items.map(pastFiringDocument),
      nextCursor: page.length > limit ? encodeFiringCursor(items.at(-1)!) : null,
    };
  }

  /** @throws ProblemError `schedule_unknown` */
  async pause(name: string, userId: string): Promise<ScheduleDocument> {
    if (isName(name)) await this.within(this.store.pause(name, userId));
    return this.get(name);
  }

  /** @throws ProblemError `schedule_unknown` */
  async resume(name: string): Promise<ScheduleDocument> {
    if (isName(name)) await this.within(this.store.resume(name));
    return this.get(name);
  }

  /** @throws ProblemError `schedule_unknown`, `schedule_stated` */
  async remove(name: string): Promise<void> {
    const removed = isName(name) ? await this.within(this.store.remove(name)) : undefined;
    if (removed === undefined) throw unknown(name);
    if (!removed)
      throw new ProblemError(
        'schedule_stated',
        `a beat whose code has ${JSON.stringify(name)} was seen within a minute, and would put it back: pause it, or take it out of the code, then remove it a minute after the last such beat has stopped`,
      );
  }

  /** @throws ProblemError `schedule_unknown`, `too_many_submits`; TaskNotUniqueError; InputInvalidError ContractUnknownError where code and stored schedule differ */
  async run(name: string, userId: string): Promise<FiringDocument> {
    const { now, schedules } = await this.within(this.store.read());
    const schedule = schedules.find((one) => one.name === name);
    if (!schedule) throw unknown(name);
    const prepared = this.taskOf(schedule.definition, userId, now);
    this.limiter.charge(userId);
    const firing = await this.within(this.store.runNow(name, prepared));
    if (!firing) throw unknown(name);
    return firingDocument(firing);
  }

  /** Its input may be of an older version of the contract than this gateway knows, or of a newer one. */
  private taskOf({ contract: name, input, stamp, options }: StoredSchedule, userId: string, now: number): PreparedRow {
    const contract = this.contracts.get(name);
    const again = againInput(contract, input, stamp ?? null, undefined);
    const all = { ...options, userId, scheduledFor: new Date(now) };
    if (again.newerStamp === undefined)
      return prepareRow(contract, again.input as SubmitInput<AnyContract>, all, now, this.routes);
    const queue = options.queue ?? this.routes.of(name)?.queue ?? contract.options.queue;
    const newer = { name, kwargs: again.input as Record<string, unknown>, stamp: again.newerStamp };
    return { task: prepareForeignRow(newer, { ...all, queue }, now), unique: undefined };
  }

  private within<T>(query: Promise<T>): Promise<T> {
    return withinDeadline(this.clock, query);
  }
}

/** What no schedule can be called is not asked for: Postgres refuses some texts outright. */
function isName(name: string): boolean {
  return /^[a-z0-9_.-]{1,100}$/.test(name);
}

function unknown(name: string): ProblemError {
  return new ProblemError(
    'schedule_unknown',
    `no schedule is named ${JSON.stringify(name)}; GET /api/schedules lists those that are`,
  );
}
