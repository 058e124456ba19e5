import type { ErrorDetails } from './foreign.ts';

/** `TypeError: fetch failed`, with the code where the message does not tell it. */
export function errorLine({ type, message, code }: ErrorDetails): string {
  const told = code === undefined || message.includes(String(code));
  return `${type}${told ? '' : ` [${code}]`}: ${message}`;
}

/** What led to an error, a line each: its causes and those that it stands for, the nearest first. Empty where there is nothing. */
export function causeLines({ cause, errors = [] }: ErrorDetails): string[] {
  return [...(cause ? [cause] : []), ...errors].flatMap((one) => [errorLine(one), ...causeLines(one)]);
}

/** Stack of an error and of its causes, as a traceback reads; undefined where it has none of it. */
export function stackWithCauses(error: ErrorDetails): string | undefined {
  const parts = [...(error.stack === undefined ? [] : [error.stack]), ...causeStacks(error)];
  return parts.length === 0 ? undefined : parts.join('\n');
}

function causeStacks({ cause, errors = [] }: ErrorDetails): string[] {
  return [...(cause ? [cause] : []), ...errors].flatMap((one) => [
    `caused by: ${errorLine(one)}${framesOf(one.stack)}`,
    ...causeStacks(one),
  ]);
}

/** Without the first lines, which tell type and message again. */
function framesOf(stack = ''): string {
  const at = stack.indexOf('\n    at ');
  return at < 0 ? '' : stack.slice(at);
}
