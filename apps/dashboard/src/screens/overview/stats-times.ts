import type { StatsDocument } from '@lovage/http-api';

/** Where each point begins, seconds since 1970. */
export function timesOf({ from, to, step }: StatsDocument): number[] {
  const first = Date.parse(from) / 1_000;
  const count = Math.max(0, Math.round((Date.parse(to) / 1_000 - first) / step));
  return Array.from({ length: count }, (_, n) => first + n * step);
}

/** `a minute`, `per 15 min`, `an hour`: of which time a point tells. */
export function stepText(step: number): string {
  if (step === 60) return 'a minute';
  if (step === 3_600) return 'an hour';
  return step % 3_600 === 0 ? `in ${step / 3_600} h` : `in ${Math.round(step / 60)} min`;
}
