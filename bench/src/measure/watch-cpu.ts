import type { MeasuredRun } from '../report/row.ts';
import { cpuTimes, foreignCores } from './cpu.ts';

/** Does the work and tells, beside its figures, what else the machine was busy with meanwhile. */
export async function watched<K extends string>(
  database: string,
  work: () => Promise<Readonly<Record<K, number>>>,
): Promise<Record<K, MeasuredRun>> {
  const before = cpuTimes(database);
  const figures = await work();
  const foreign = foreignCores(before, cpuTimes(database));
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value, foreign }])) as Record<
    K,
    MeasuredRun
  >;
}
