/** It runs in quarantine: workers died while it ran, or a child did. */
export const isSuspect = (row: string): string => `(${row}.quarantine_group is not null or ${row}.crashes > 0)`;

/** From so much suspicion on a task runs in quarantine: one death may be chance. */
const SUSPECT_AT = 2;

/** Growth of a worker's memory that makes a kill by the system likely: to so many times what it began with, and by so many MiB. */
const GROWN_TIMES = 2;
const GROWN_MIB = 256;

/**
 * What the death of a worker says against what ran there. Nothing when it was asked to stop: the one who asked has killed it. Enough when
 * the task ran alone, or when the worker's memory had grown: that is seldom chance. Else half of it.
 * @param worker its row, perhaps missing \`null\` · @param together how many ran there
 */
const weight = (worker: string, together: string): string => `case when ${worker}.stopping then 0
  when ${together} = 1 or (${worker}.memory_mb >= ${GROWN_TIMES} * ${worker}.first_memory_mb and ${worker}.memory_mb - ${worker}.first_memory_mb >= ${GROWN_MIB}) then ${SUSPECT_AT}
  else 1 end`;

/** Columns of \`tasks\` after the death of its worker, as expressions. A group is halved at once: that all of it died is known. */
export function afterDeath(task: string, worker: string, together: string): { suspicion: string; group: string } {
  const suspicion = `least(${task}.suspicion + ${weight(worker, together)}, 1000)`;
  const halved = `greatest(1, (least(${together}, 2000) + 1) / 2)`;
  return {
    suspicion,
    group: `case when ${weight(worker, together)} > 0 and ${suspicion} >= ${SUSPECT_AT}
      then least(coalesce(${task}.quarantine_group, 2000), ${halved}) else ${task}.quarantine_group end`,
  };
}

/** What is kept of the death of a worker with each attempt that it took. */
export const lostError = (
  worker: string,
  together: string,
): string => `json_build_object('type', 'WorkerLost', 'message',
  'the worker that ran the task is gone; ' || ${together} || ' ran there' || case when ${worker}.stopping then ', and it was stopping' else '' end,
  'data', json_build_object('together', ${together}, 'stopping', coalesce(${worker}.stopping, false), 'memoryMb', ${worker}.memory_mb,
    'grownMb', ${worker}.memory_mb - ${worker}.first_memory_mb))`;
