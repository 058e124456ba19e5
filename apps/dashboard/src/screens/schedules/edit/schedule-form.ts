import type { ScheduleDocument } from '@lovage/http-api';

/** What is typed into the form of a schedule, but for its input: texts, as they are. */
export interface ScheduleForm {
  readonly name: string;
  readonly contract: string | null;
  readonly when: 'cron' | 'every';
  readonly cron: string;
  readonly timeZone: string;
  readonly every: string;
  readonly catchUp: 'latest' | 'skip' | 'all';
  /** So many of the missed moments. */
  readonly all: string;
  readonly enabled: boolean;
  readonly queue: string;
  readonly priority: string;
  readonly expires: string;
  readonly timeLimit: string;
  readonly softTimeLimit: string;
  /** `rule`: the rule that it has, which is no matter of this form. */
  readonly unique: '' | 'yes' | 'no' | 'rule';
}

export const NEW_SCHEDULE: ScheduleForm = {
  ...{ name: '', contract: null, when: 'cron', cron: '0 7 * * *', timeZone: 'UTC', every: '1h' },
  ...{ catchUp: 'latest', all: '10', enabled: true, queue: '', priority: '', expires: '' },
  ...{ timeLimit: '', softTimeLimit: '', unique: '' },
};

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** `1h`, `90s`, `1500ms`: as the gateway takes a duration. */
export function durationText(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? [];
  return unit === undefined ? `${Math.round(seconds * 1_000)}ms` : `${seconds / size!}${unit}`;
}

/** The form of a schedule as it stands. */
export function formOf({
  name,
  contract,
  cron,
  timeZone,
  every,
  catchUp,
  enabled,
  options,
}: ScheduleDocument): ScheduleForm {
  const text = (value: number | string | null): string => (value === null ? '' : String(value));
  const { unique } = options;
  return {
    ...{ name, contract, enabled, when: cron === null ? 'every' : 'cron' },
    cron: cron ?? NEW_SCHEDULE.cron,
    timeZone: timeZone ?? 'UTC',
    every: every === null ? NEW_SCHEDULE.every : durationText(every),
    catchUp: typeof catchUp === 'object' ? 'all' : catchUp,
    all: typeof catchUp === 'object' ? String(catchUp.all) : NEW_SCHEDULE.all,
    queue: options.queue ?? '',
    ...{ priority: text(options.priority), expires: text(options.expires) },
    ...{ timeLimit: text(options.timeLimit), softTimeLimit: text(options.softTimeLimit) },
    unique: unique === null ? '' : typeof unique === 'object' ? 'rule' : unique ? 'yes' : 'no',
  };
}

/** A duration without a unit is seconds; what is no number stays a text, of which the gateway says what is wrong. */
const numberOrText = (text: string): number | string => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);

/**
 * The body of `POST /api/schedules`, and but for its name that of `PATCH`.
 * @param rule `options.unique` of the schedule, where the form leaves it as it is.
 */
export function bodyOf(form: ScheduleForm, input: unknown, rule?: unknown): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  if (form.queue.trim()) options['queue'] = form.queue.trim();
  for (const name of ['priority', 'expires', 'timeLimit', 'softTimeLimit'] as const)
    if (form[name].trim()) options[name] = numberOrText(form[name].trim());
  if (form.unique !== '') options['unique'] = form.unique === 'rule' ? rule : form.unique === 'yes';
  return {
    name: form.name.trim(),
    ...(form.contract !== null && { contract: form.contract }),
    input,
    ...(form.when === 'cron'
      ? { cron: form.cron.trim(), timeZone: form.timeZone }
      : { every: numberOrText(form.every.trim()) }),
    catchUp: form.catchUp === 'all' ? { all: numberOrText(form.all.trim()) } : form.catchUp,
    enabled: form.enabled,
    options,
  };
}
