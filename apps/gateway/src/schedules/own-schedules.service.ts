import { Inject, Injectable } from '@nestjs/common';
import { MAX_SCHEDULES, type ScheduleBody, type ScheduleCheckDocument, type SchedulePatchBody } from '@lovage/http-api';
import type { Clock, MirroredSchedule, ScheduleRow } from '@lovage/ports';
import { listIssues, storedSchedule, type ContractRegistry, type Issue } from '@lovage/task';
import { retryInput } from '../bulk-retry/retry-input.ts';
import { CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { checkSchedule } from './check-schedule.ts';
import { nextFirings } from './schedule-document.ts';
import { scheduleUnknown } from './schedule-unknown.ts';

/** Schedules that people make and change. Those of the code are for the code to change. */
@Injectable()
export class OwnSchedulesService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'schedules'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What would be refused of it, and when it would fire. Whether its name is free is not looked at. */
  check(body: unknown): ScheduleCheckDocument {
    const now = this.clock.now();
    const { errors, timing } = checkSchedule(this.contracts, body, now);
    return { errors: [...errors], nextFirings: timing ? nextFirings(timing, now) : [] };
  }

  /**
   * @param body as it came.
   * @throws ProblemError `schedule_exists`, `too_many_schedules`; `input_invalid`, `options_invalid`, `body_invalid`; ContractUnknownError
   */
  async create(body: unknown): Promise<MirroredSchedule> {
    const stated = this.statedBy(body);
    const made = await this.platform.schedules.create(stated, MAX_SCHEDULES);
    if (made === 'exists')
      throw new ProblemError(
        'schedule_exists',
        `a schedule is named ${JSON.stringify(stated.name)} already: choose another name, or change that one`,
      );
    if (made === 'too_many')
      throw new ProblemError('too_many_schedules', `people have made ${MAX_SCHEDULES} schedules; delete some first`);
    return stated;
  }

  /** @throws ProblemError `schedule_unknown`, `schedule_of_code`, `schedule_changed`, and as {@link create} */
  async change(name: string, { revision, ...patch }: SchedulePatchBody): Promise<void> {
    for (;;) {
      const { schedules } = await this.platform.schedules.read();
      const row = schedules.find((one) => one.name === name);
      if (!row) throw scheduleUnknown(name);
      if (row.source === 'code')
        throw new ProblemError(
          'schedule_of_code',
          `${JSON.stringify(name)} stands in the code of a beat: change it there; here it can be paused and run`,
        );
      if (revision !== undefined && revision !== row.revision) throw changed(name);
      const stated = this.statedBy({ ...this.bodyOf(row, patch.input !== undefined), ...patched(patch), name });
      if (await this.platform.schedules.change(stated, row.revision)) return;
      // Somebody else was first: seen with what they made of it.
    }
  }

  private statedBy(body: unknown): MirroredSchedule {
    const { errors, schedule } = checkSchedule(this.contracts, body, this.clock.now());
    if (errors.length === 1 && errors[0]!.path === 'contract') {
      const { contract } = body as { contract?: unknown };
      if (typeof contract === 'string') this.contracts.get(contract);
    }
    if (!schedule) throw refused(errors);
    return { name: schedule.name, enabled: schedule.enabled, definition: storedSchedule(schedule) };
  }

  /** The schedule as one would give it. @throws ProblemError `input_invalid` its input is for a contract that is newer than this gateway's. */
  private bodyOf({ name, definition, enabled }: ScheduleRow, withoutInput: boolean): ScheduleBody {
    const { contract, stamp, timing, catchUp, options } = definition;
    const { expires, queue, priority, timeLimit, softTimeLimit, unique } = options;
    const given = { expires, queue, priority, timeLimit, softTimeLimit, unique };
    const known = this.contracts.find(contract);
    let input = definition.input;
    if (known && !withoutInput) {
      const again = retryInput(known, input, stamp ?? null, undefined);
      if (again.newerStamp !== undefined)
        throw refused([
          {
            path: 'input',
            message: 'is for a newer version of the contract than this gateway has: give one, or ask a newer gateway',
          },
        ]);
      input = again.input;
    }
    const when =
      timing.kind === 'cron' ? { cron: timing.cron, timeZone: timing.timeZone } : { every: timing.everyMs / 1000 };
    const isGiven = ([, value]: [string, unknown]) => value !== undefined;
    return {
      ...{ name, contract, input, catchUp, enabled, ...when },
      options: Object.fromEntries(Object.entries(given).filter(isGiven)),
    } as ScheduleBody;
  }
}

/** What is given, and beside it nothing of the moments that it takes the place of. */
function patched(patch: Omit<SchedulePatchBody, 'revision'>): Partial<ScheduleBody> {
  if (patch.every !== undefined) return { cron: undefined, timeZone: undefined, ...patch };
  if (patch.cron !== undefined) return { every: undefined, ...patch };
  return patch;
}

function refused(errors: readonly Issue[]): ProblemError {
  const all = (field: string): boolean => errors.every(({ path }) => path === field || path.startsWith(`${field}.`));
  const code = all('input') ? 'input_invalid' : all('options') ? 'options_invalid' : 'body_invalid';
  return new ProblemError(code, listIssues(errors), { errors });
}

const changed = (name: string): ProblemError =>
  new ProblemError('schedule_changed', `${JSON.stringify(name)} was changed since it was read: read it again`);
