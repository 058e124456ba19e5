import type { Outcome } from '../../run/outcome.ts';

export const HOUR_MS = 3_600_000;

/** How attempts of the model end. */
export const OUTCOMES = {
  success: { kind: 'succeeded', result: '1' },
  failure: { kind: 'failed', error: { type: 'Error', message: 'model' } },
  retry: { kind: 'postponed', how: 'retry', delayMs: 0, error: { type: 'Error', message: 'model' } },
  retryLater: { kind: 'postponed', how: 'retry', delayMs: HOUR_MS, error: { type: 'Error', message: 'model' } },
  snooze: { kind: 'postponed', how: 'snooze', delayMs: HOUR_MS, error: null },
  release: { kind: 'postponed', how: 'release', delayMs: 0, error: null },
  childDied: { kind: 'postponed', how: 'crash', delayMs: 0, error: { type: 'Error', message: 'model' } },
  dead: { kind: 'dead', error: { type: 'Error', message: 'model' } },
} as const satisfies Record<string, Outcome>;
