import { Inject, Injectable } from '@nestjs/common';
import { prepareForeignRow, prepareRow, type PreparedRow } from '@lovage/client';
import type { TaskRoutes } from '@lovage/foundation';
import type { FiringDocument, FiringList, ScheduleDocument } from '@lovage/http-api';
import type { FiringKey } from '@lovage/ports';
import type { AnyContract, ContractRegistry, StoredSchedule, SubmitInput } from '@lovage/task';
import { CONTRACTS, type GatewayPlatform, PLATFORM, ROUTES } from '../deps.ts';
import { retryInput } from '../bulk-retry/retry-input.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { SubmitLimiter } from '../tasks/submit-limiter.ts';
import { encodeFiringCursor } from './firing-cursor.ts';
import { firingDocument, pastFiringDocument, scheduleDocument } from './schedule-document.ts';
import { scheduleUnknown } from './schedule-unknown.ts';

/** Reads and steers schedules. Beats fire them. */
@Injectable()
export class SchedulesService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'schedules'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    private readonly limiter: SubmitLimiter,
  ) {}

  async list(): Promise<ScheduleDocument[]> {
    const { now, schedules } = await this.platform.schedules.read();
    return schedules.map((schedule) => scheduleDocument(schedule, now));
  }

  /** @throws ProblemError `schedule_unknown` */
  async get(name: string): Promise<ScheduleDocument> {
    const { now, schedules } = await this.platform.schedules.read();
    const schedule = schedules.find((one) => one.name === name);
    if (!schedule) throw scheduleUnknown(name);
    return scheduleDocument(schedule, now);
  }

  /** @throws ProblemError `schedule_unknown` when there neither is nor was such a schedule. */
  async firings(name: string, { limit, before }: { limit: number; before?: FiringKey }): Promise<FiringList> {
    if (!isName(name)) throw scheduleUnknown(name);
    const page = await this.platform.schedules.firings(name, { limit: limit + 1, before });
    if (page.length === 0) await this.get(name);
    const items = page.slice(0, limit);
    return {
      items: items.map(pastFiringDocument),
      nextCursor: page.length > limit ? encodeFiringCursor(items.at(-1)!) : null,
    };
  }

  /** @throws ProblemError `schedule_unknown` */
  async pause(name: string, userId: string): Promise<ScheduleDocument> {
    if (isName(name)) await this.platform.schedules.pause(name, userId);
    return this.get(name);
  }

  /** @throws ProblemError `schedule_unknown` */
  async resume(name: string): Promise<ScheduleDocument> {
    if (isName(name)) await this.platform.schedules.resume(name);
    return this.get(name);
  }

  /** @throws ProblemError `schedule_unknown`, `schedule_stated` */
  async remove(name: string): Promise<void> {
    const removed = isName(name) ? await this.platform.schedules.remove(name) : undefined;
    if (removed === undefined) throw scheduleUnknown(name);
    if (!removed)
      throw new ProblemError(
        'schedule_stated',
        `a beat whose code has ${JSON.stringify(name)} was seen within a minute, and would restore it: pause it, or take it out of the code, then remove it a minute after the last such beat has stopped`,
      );
  }

  /** @throws ProblemError `schedule_unknown`, `too_many_submits`; TaskNotUniqueError; InputInvalidError ContractUnknownError where code and stored schedule differ */
  async run(name: string, userId: string): Promise<FiringDocument> {
    const { now, schedules } = await this.platform.schedules.read();
    const schedule = schedules.find((one) => one.name === name);
    if (!schedule) throw scheduleUnknown(name);
    const prepared = this.taskOf(schedule.definition, userId, now);
    await this.limiter.charge(userId);
    const firing = await this.platform.schedules.runNow(name, prepared);
    if (!firing) throw scheduleUnknown(name);
    return firingDocument(firing);
  }

  /** Its input may be of an older version of the contract than this gateway knows, or of a newer one. */
  private taskOf({ contract: name, input, stamp, options }: StoredSchedule, userId: string, now: number): PreparedRow {
    const contract = this.contracts.get(name);
    const again = retryInput(contract, input, stamp ?? null, undefined);
    const all = { ...options, userId, scheduledFor: new Date(now) };
    if (again.newerStamp === undefined)
      return prepareRow(contract, again.input as SubmitInput<AnyContract>, all, now, this.routes);
    const queue = options.queue ?? this.routes.of(name)?.queue ?? contract.options.queue;
    const newer = { name, kwargs: again.input as Record<string, unknown>, stamp: again.newerStamp };
    return { task: prepareForeignRow(newer, { ...all, queue }, now), unique: undefined };
  }
}

/** What no schedule can be called is not asked for: Postgres refuses some texts outright. */
function isName(name: string): boolean {
  return /^[a-z0-9_.-]{1,100}$/.test(name);
}
