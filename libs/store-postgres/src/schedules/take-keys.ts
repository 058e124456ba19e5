import { plainArray, textArray } from '@lovage/foundation';
import type { FiringTask } from '@lovage/ports';
import type { RunStatement } from '../database.ts';
import { TAKE_KEYS } from '../sql/schedules.ts';
import { replace, type UniqueVerdict } from '../tasks/insert-first.ts';

/** Which task a key stands for now. */
export interface Taken {
  readonly holder: string;
  readonly verdict: UniqueVerdict;
}

export const NOTHING_TAKEN: ReadonlyMap<string, Taken> = new Map();

/**
 * Takes the keys of tasks that are about to be inserted in this transaction, and replaces what waits. Of several with one key
 * the first takes it, for all of them.
 */
export async function takeKeys(run: RunStatement, firings: readonly FiringTask[]): Promise<Map<string, Taken>> {
  const taken = new Map<string, Taken>();
  const replaced = new Map<string, string>();
  const first = new Map<string, FiringTask>();
  for (const firing of firings)
    if (firing.unique && !first.has(firing.unique.key)) first.set(firing.unique.key, firing);
  for (let open = [...first]; open.length > 0; open = [...first].filter(([key]) => !taken.has(key))) {
    const byId = new Map(open.map(([key, { task }]) => [task.id, { key, task }]));
    const uniques = open.map(([key, { task, unique }]) => ({ ...unique!, key, id: task.id }));
    const rows = await run<Taken & { id: string }>(TAKE_KEYS, [
      textArray(uniques.map(({ key }) => key)),
      plainArray(uniques.map(({ id }) => id)),
      plainArray(uniques.map(({ periodMs }) => periodMs ?? null)),
      textArray(uniques.map(({ states }) => states.join(','))),
      textArray(uniques.map(({ onConflict }) => onConflict)),
      plainArray(uniques.map(({ key }) => replaced.get(key) ?? null)),
    ]);
    for (const { id, holder, verdict } of rows) {
      const { key, task } = byId.get(id)!;
      if (verdict !== 'replaceable') taken.set(key, { holder, verdict });
      else if (await replace(run, holder, task)) replaced.set(key, holder);
    }
  }
  return taken;
}
