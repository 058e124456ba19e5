/** Every state of a task, in the order of a life. `docs/states.md` has the picture. */
export const TASK_STATES = [
  'PENDING',
  'SCHEDULED',
  'QUEUED',
  'STARTED',
  'PROGRESS',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'EXPIRED',
  'DEAD',
] as const;

/**
 * `PENDING` accepted, not yet with the broker · `SCHEDULED` waits for its eta or a limit · `QUEUED` confirmed by the broker ·
 * `STARTED` claimed by a worker · `PROGRESS` claimed, and the handler has reported · `RETRY` waits for its next attempt ·
 * then the terminal ones.
 */
export type TaskState = (typeof TASK_STATES)[number];

export const TERMINAL_STATES = ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'DEAD'] as const;

/** A state that nothing leaves: `SUCCESS`, `FAILURE`, `REVOKED` (cancelled), `EXPIRED` (not started in time), `DEAD` (it killed its worker too often). */
export type TerminalState = (typeof TERMINAL_STATES)[number];

const TERMINAL: ReadonlySet<string> = new Set(TERMINAL_STATES);

export function isTerminal(state: TaskState): state is TerminalState {
  return TERMINAL.has(state);
}
