import type { ReasonCode, ReasonDocument } from '@lovage/http-api';

/** A reason as the API shows it; times are ms since the epoch. */
export function reason(
  code: ReasonCode,
  text: string,
  more: { since?: number | null; until?: number | null; data: Record<string, unknown> },
): ReasonDocument {
  const { since, until, data } = more;
  return {
    code,
    text,
    ...(since != null && { since: new Date(since).toISOString() }),
    ...(until != null && { until: new Date(until).toISOString() }),
    data,
  };
}

export const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
export const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 100) / 10)} s`;
