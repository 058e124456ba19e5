import { isLosslessNumber, isSafeNumber, LosslessNumber, parse, stringify } from 'lossless-json';

/** Digits in a row without which no number can be out of what a double holds. */
const MANY_DIGITS = /\d{15}|[eE][+-]?\d{3}|\d\.\d{15}/;

/**
 * Reads JSON without a loss: a number that a double cannot hold becomes a `LosslessNumber`, which keeps its text. Texts
 * without such numbers, nearly all, go the browser's own fast way. @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text) as unknown;
  return parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : new LosslessNumber(number)));
}

/** Writes JSON; bigints and `LosslessNumber`s keep every digit. `indent`: spaces of a level. */
export function formatJson(value: unknown, indent?: number): string {
  return stringify(value, undefined, indent) ?? 'null';
}

/** Whether this is a number of a JSON text that a double cannot hold. */
export function isBigNumber(value: unknown): value is LosslessNumber {
  return isLosslessNumber(value);
}
