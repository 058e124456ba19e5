import { defineSchedule, type Schedule } from '@lovage/task';
import { pruneResults, sweepFiles } from './maintenance.ts';

/** Every schedule: what the beats fire. Add yours here. See `docs/schedules.md`. */
export const allSchedules: readonly Schedule[] = [
  defineSchedule({ name: 'maintenance.prune_results', contract: pruneResults, input: {}, every: '1h' }),
  defineSchedule({ name: 'maintenance.sweep_files', contract: sweepFiles, input: {}, every: '1h' }),
];
