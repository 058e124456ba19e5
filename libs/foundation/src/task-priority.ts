/** What {@link isTaskPriority} takes, for messages. */
export const TASK_PRIORITY_RULE = 'a whole number from 0 to 9, higher is more urgent';

/** Whether contracts, schedules and submits may give such a priority. */
export function isTaskPriority(priority: unknown): priority is number {
  return Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= 9;
}
