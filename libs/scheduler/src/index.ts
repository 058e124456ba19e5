export { decide, ON_TIME_MS, type FiringDecision } from './plan/decide.ts';
export { nextMoments } from './plan/moments.ts';
export type { PrepareTask } from './run/firing-planner.ts';
export { ScheduleRunner, type ScheduleRunnerOptions } from './run/schedule-runner.ts';
