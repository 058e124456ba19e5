import type { RunStatement } from '../database.ts';
import { MINUTE_MS } from './counts.ts';
import { boundedGroup, groupOf, restGroup, typeGroup, type FailedTask, type GroupKey } from './failure-groups.ts';
import { COUNT_GROUPS, FIND_GROUPS, LINK_FAILURES, WRITE_FAILURES, WRITE_GROUPS } from './failure-sql.ts';

/** Failures of one group within a batch. */
interface Found {
  readonly key: GroupKey;
  first: number;
  last: number;
  sample: string;
  /** By minute. */
  readonly minutes: Map<number, number>;
}

/** Counts failed tasks by group, and writes down which group each is in. */
export async function countFailed(run: RunStatement, tasks: readonly FailedTask[]): Promise<void> {
  if (tasks.length === 0) return;
  const own = tasks.map(groupOf);
  const bounded = await bounds(run, own);
  const found = new Map<string, Found>();
  const links: { id: string; group: string; createdAt: number }[] = [];
  for (const [i, task] of tasks.entries()) {
    const key = bounded(own[i]!);
    add(found, key, task);
    if (task.created_at !== null) links.push({ id: task.id, group: key.id, createdAt: task.created_at });
  }
  const groups = [...found.values()].sort((a, b) => (a.key.id < b.key.id ? -1 : 1));
  await run(WRITE_GROUPS, [
    JSON.stringify(groups.map(({ key, first, last, sample }) => ({ ...key, first, last, sample }))),
  ]);
  const minutes = groups.flatMap(({ key, minutes: of }) => [...of].map(([at, n]) => ({ at, group: key.id, n })));
  await run(WRITE_FAILURES, [
    minutes.map(({ at }) => at),
    minutes.map(({ group }) => group),
    minutes.map(({ n }) => n),
  ]);
  await run(LINK_FAILURES, [
    links.map(({ id }) => id),
    links.map(({ group }) => group),
    links.map(({ createdAt }) => createdAt),
  ]);
}

/** Which group a failure is counted in, as each contract may have so many. */
async function bounds(run: RunStatement, keys: readonly GroupKey[]): Promise<(key: GroupKey) => GroupKey> {
  const candidates = new Set(keys.flatMap((key) => [key.id, typeGroup(key).id, restGroup(key).id]));
  const known = new Set((await run<{ id: string }>(FIND_GROUPS, [[...candidates]])).map(({ id }) => id));
  const contracts = [...new Set(keys.map(({ contract }) => contract))];
  const rows = await run<{ contract: string; n: number }>(COUNT_GROUPS, [contracts]);
  const counts = new Map(rows.map(({ contract, n }) => [contract, n]));
  return (key) => {
    const count = counts.get(key.contract) ?? 0;
    const group = boundedGroup(key, count, (id) => known.has(id));
    if (!known.has(group.id)) counts.set(key.contract, count + 1);
    known.add(group.id);
    return group;
  };
}

function add(found: Map<string, Found>, key: GroupKey, { id, finished_at: at }: FailedTask): void {
  let of = found.get(key.id);
  if (!of) found.set(key.id, (of = { key, first: at, last: at, sample: id, minutes: new Map() }));
  if (at < of.first) of.first = at;
  if (at >= of.last) [of.last, of.sample] = [at, id];
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  of.minutes.set(minute, (of.minutes.get(minute) ?? 0) + 1);
}
