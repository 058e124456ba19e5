import type { LimitBody, LimitDocument } from '@lovage/http-api';
import { formatWhole, plural } from '../../ui/format.ts';

/** What may be said of one part of a limit. */
export type Part<T> =
  { readonly kind: 'contract' } | { readonly kind: 'none' } | { readonly kind: 'value'; readonly value: T };

/** `5 at once`, `5 at once for each value of its key`, `no limit`, `paused`. */
export function slotsInWords(slots: number | null, byKey: boolean): string {
  if (slots === null) return 'no limit';
  if (slots === 0) return 'none starts';
  return `${formatWhole(slots)} at once${byKey ? ', for each value of its key' : ''}`;
}

/** `100/m, 10 at once after a pause`, `no limit`. */
export function rateInWords(rate: string | null, burst: number | null, byKey: boolean): string {
  if (rate === null) return 'no limit';
  const each = byKey ? ', for each value of its key' : '';
  return `${rate}${burst !== null && burst > 1 ? `, ${formatWhole(burst)} at once after a pause` : ''}${each}`;
}

/** Whether a contract has limits, uses them, or was given some. */
export function isLimited({ declared, override, held, waiting, waitingForRate }: LimitDocument): boolean {
  return (
    declared.concurrency !== null || declared.rate !== null || override !== null || held + waiting + waitingForRate > 0
  );
}

/** What a change of the slots does to what runs and what waits, now; in sentences. */
export function effectOfSlots(limit: LimitDocument, next: number | null): string {
  const { held, waiting, inForce, declared } = limit;
  const before = inForce.concurrency;
  if (next === before) return 'The slots stay as they are.';
  const waits = waiting > 0 ? plural(waiting, 'task') : 'nothing';
  if (next === null)
    return waiting > 0
      ? `${waits} that ${waiting === 1 ? 'waits' : 'wait'} for a slot can start at once.`
      : 'No task waits for a slot any more.';
  if (next === 0)
    return `${held > 0 ? `${plural(held, 'task')} that ${held === 1 ? 'has a slot finishes' : 'have slots finish'}` : 'Nothing runs'}; nothing starts until it is changed again. ${waiting > 0 ? `${waits} ${waiting === 1 ? 'goes' : 'go'} on waiting.` : ''}`.trim();
  if (declared.byKey)
    return before === null || next > before
      ? `Of each value of the key the tasks that wait longest get the new slots at once. ${plural(waiting, 'task')} ${waiting === 1 ? 'waits' : 'wait'} now.`
      : `What runs finishes; of a value that is above ${formatWhole(next)} nothing starts until it is below. ${plural(waiting, 'task')} ${waiting === 1 ? 'waits' : 'wait'} now.`;
  const free = next - held;
  if (free < 0)
    return `${plural(held, 'task')} ${held === 1 ? 'has a slot' : 'have slots'} and finish; nothing starts until fewer than ${formatWhole(next)} do. ${waiting > 0 ? `${waits} ${waiting === 1 ? 'goes' : 'go'} on waiting.` : ''}`.trim();
  if (waiting === 0) return `Nothing waits for a slot. ${formatWhole(free)} will be free.`;
  return `${plural(Math.min(free, waiting), 'task')} of the ${formatWhole(waiting)} that wait ${free === 1 || waiting === 1 ? 'gets a slot' : 'get slots'} at once, the longest-waiting first.`;
}

/** What a change of the rate does. */
export function effectOfRate({ waitingForRate, inForce }: LimitDocument, next: string | null): string {
  if (next === inForce.rate) return 'The rate stays as it is.';
  if (waitingForRate === 0) return 'Nothing waits for the rate.';
  const subject = `${plural(waitingForRate, 'task')} that ${waitingForRate === 1 ? 'waits' : 'wait'} for the rate`;
  return next === null
    ? `${subject} can start at once.`
    : `${subject} ${waitingForRate === 1 ? 'is' : 'are'} given new times, in the same order.`;
}

export interface LimitForm {
  readonly concurrency: Part<string>;
  readonly rate: Part<string>;
  readonly burst: string;
  /** A value of the key and its slots, each line of its own: `acme = 10`. */
  readonly keys: string;
}

const SLOTS = /^\d{1,6}$/;
const MOST_SLOTS = 100_000;

/** The body of the request, or what is wrong with which field. */
export function bodyOf(
  form: LimitForm,
): { readonly body: LimitBody } | { readonly errors: Readonly<Partial<Record<keyof LimitForm, string>>> } {
  const errors: Partial<Record<keyof LimitForm, string>> = {};
  const body: { -readonly [K in keyof LimitBody]: LimitBody[K] } = {};
  const { concurrency, rate, burst } = form;
  if (concurrency.kind === 'none') body.concurrency = null;
  if (concurrency.kind === 'value') {
    if (isSlots(concurrency.value)) body.concurrency = Number(concurrency.value);
    else errors.concurrency = 'A whole number from 0 to 100,000';
  }
  if (rate.kind === 'none') body.rate = null;
  if (rate.kind === 'value') {
    if (/^\d{1,6}(?:\.\d{1,3})?\/(?:s|m|h)$/.test(rate.value)) body.rate = rate.value;
    else errors.rate = 'A number, a slash and s, m or h: 10/s, 100/m';
    if (burst !== '') {
      if (isSlots(burst) && Number(burst) > 0) body.burst = Number(burst);
      else errors.burst = 'A whole number from 1 to 100,000';
    }
  }
  const keys = readKeys(form.keys);
  if (typeof keys === 'string') errors.keys = keys;
  else if (keys) body.keys = keys;
  if (Object.keys(errors).length > 0) return { errors };
  return { body };
}

const isSlots = (text: string): boolean => SLOTS.test(text) && Number(text) <= MOST_SLOTS;

/** `acme = 10` a line; `none` for no limit. A text: what is wrong. */
function readKeys(text: string): Record<string, number | null> | string | undefined {
  const keys = new Map<string, number | null>();
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const at = line.lastIndexOf('=');
    const value = line.slice(0, at).trim();
    const slots = line.slice(at + 1).trim();
    if (at < 1 || value === '') return `Line ${n + 1}: a value of the key, = and its slots, such as acme = 10`;
    if (slots !== 'none' && !isSlots(slots)) return `Line ${n + 1}: slots are a whole number, or none for no limit`;
    keys.set(value, slots === 'none' ? null : Number(slots));
  }
  return keys.size === 0 ? undefined : Object.fromEntries(keys);
}

/** The form as a limit stands. */
export function formOf({ override }: LimitDocument): LimitForm {
  const part = <T>(value: T | null | undefined): Part<string> =>
    value === undefined
      ? { kind: 'contract' }
      : value === null
        ? { kind: 'none' }
        : { kind: 'value', value: String(value) };
  return {
    concurrency: part(override?.concurrency),
    rate: part(override?.rate),
    burst: override?.burst === undefined ? '' : String(override.burst),
    keys: Object.entries(override?.keys ?? {})
      .map(([value, slots]) => `${value} = ${slots ?? 'none'}`)
      .join('\n'),
  };
}
