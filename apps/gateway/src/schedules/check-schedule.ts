import type { Duration } from '@lovage/foundation';
import { MAX_SCHEDULE_INPUT, ScheduleBody } from '@lovage/http-api';
import {
  checkValue,
  cronTiming,
  defineSchedule,
  everyTiming,
  type ContractRegistry,
  type Issue,
  type Schedule,
  type ScheduleDefinition,
  type AnyContract,
  type Timing,
} from '@lovage/task';
import { checkSubmit } from '../contracts/check-submit.ts';

/** What a schedule that people give comes to. */
export interface CheckedSchedule {
  /** All that is wrong with it, by its field; none: `schedule` is there. */
  readonly errors: readonly Issue[];
  /** Its moments, where they can be told, whatever else is wrong. */
  readonly timing?: Timing;
  readonly schedule?: Schedule;
}

/** Checks a schedule as `POST /api/schedules` is given it: by the rules of those that stand in code, and its input by its contract's schema. */
export function checkSchedule(contracts: ContractRegistry, body: unknown, now: number): CheckedSchedule {
  const checked = checkValue(ScheduleBody, '', body);
  const errors: Issue[] = (checked.issues ?? []).map(({ path, message }) => ({ path: path || 'body', message }));
  if (!isObject(body)) return { errors };
  const given = body;
  const isWrong = (field: string): boolean => errors.some(({ path }) => path === field || path.startsWith(`${field}.`));
  const timing = ['cron', 'every', 'timeZone'].some(isWrong) ? undefined : timingOf(given, errors);
  const contract = isWrong('contract') ? undefined : contractOf(contracts, given, errors);
  if (contract) {
    const options = isWrong('options') ? undefined : given['options'];
    errors.push(...checkSubmit(contract, { input: given['input'], options }, now));
  }
  if (errors.length > 0 || checked.issues || !contract) return { errors, timing };
  const { options = {}, input = {}, ...rest } = checked.value;
  try {
    const definition = { ...rest, contract, input, ...options } as unknown as ScheduleDefinition<AnyContract>;
    const schedule = defineSchedule(definition);
    if (JSON.stringify(schedule.input).length > MAX_SCHEDULE_INPUT)
      errors.push({
        path: 'input',
        message: `is longer than ${MAX_SCHEDULE_INPUT} characters of JSON; put it into a file and give its path`,
      });
    return { errors, timing, ...(errors.length === 0 && { schedule }) };
  } catch (error) {
    // What only the whole can tell, such as a uniqueness of a contract that keeps no rows.
    const { message } = ((error as Error).cause ?? error) as Error;
    const [, field = 'body', reason = message] = /^(input|unique)[\w.]*: (.*)$/s.exec(message) ?? [];
    errors.push({ path: field === 'unique' ? 'options.unique' : field, message: reason });
    return { errors, timing };
  }
}

function timingOf(given: Readonly<Record<string, unknown>>, errors: Issue[]): Timing | undefined {
  const { cron, every, timeZone } = given;
  if ((cron === undefined) === (every === undefined)) {
    errors.push({ path: cron === undefined ? 'cron' : 'every', message: 'give either cron or every' });
    return undefined;
  }
  if (every !== undefined && timeZone !== undefined)
    errors.push({ path: 'timeZone', message: 'belongs to cron; an interval has none' });
  try {
    return cron === undefined ? everyTiming(every as Duration) : cronTiming(cron as string, timeZone as string);
  } catch (error) {
    const [, path = 'cron', message = ''] = /^(cron|every|timeZone): (.*)$/s.exec((error as Error).message) ?? [];
    errors.push({ path, message: message.slice(0, 500) });
    return undefined;
  }
}

function contractOf(
  contracts: ContractRegistry,
  given: Readonly<Record<string, unknown>>,
  errors: Issue[],
): AnyContract | undefined {
  const name = given['contract'] as string;
  const contract = contracts.find(name);
  if (!contract) errors.push({ path: 'contract', message: 'is unknown; GET /api/contracts lists all of them' });
  return contract;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
