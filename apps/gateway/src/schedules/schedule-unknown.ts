import { ProblemError } from '../problems/problem-error.ts';

/** There is no such schedule. */
export function scheduleUnknown(name: string): ProblemError {
  return new ProblemError(
    'schedule_unknown',
    `no schedule is named ${JSON.stringify(name)}; GET /api/schedules lists those that are`,
  );
}
