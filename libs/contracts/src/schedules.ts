import { defineSchedule, type Schedule } from '@lovage/task';
import { pruneResults } from './maintenance.ts';

/** Every schedule: what the beats fire. Add yours here. See `docs/schedules.md`. */
export const allSchedules: readonly Schedule[] = [
  defineSchedule({ name: 'maintenance.prune_results', contract: pruneResults, input: {}, every: '1h' }),
];
