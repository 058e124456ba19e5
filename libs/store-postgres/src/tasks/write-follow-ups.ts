import { plainArray, textArray } from '@lovage/foundation';
import type { Countdown, CountdownKey, FollowUps, SubmittedWith } from '@lovage/ports';
import type { RunStatement } from '../database.ts';
import { newTaskValues } from '../sql/columns.ts';
import { BEGIN_COUNTDOWNS, COUNT_DOWN, END_COUNTDOWNS } from '../sql/follow-ups.ts';
import { INSERT_FIRST_MANY } from '../sql/submit.ts';

/** Writes what the ends of a batch bring about, in the transaction of these ends. */
export async function writeFollowUps(run: RunStatement, ended: readonly FollowUps[]): Promise<void> {
  const begun = ended.flatMap(({ begin = [] }) => begin);
  const waiting = begun.filter(({ count }) => count > 0);
  const down = ended.flatMap(({ countDown = [] }) => countDown);
  const tasks = [
    ...ended.flatMap(({ tasks: own = [] }) => own),
    ...begun.filter(({ count }) => count <= 0).flatMap(({ tasks: own }) => own),
  ];
  if (waiting.length > 0) await begin(run, waiting);
  if (down.length > 0) tasks.push(...(await countDown(run, down)));
  if (tasks.length > 0) await submit(run, tasks);
}

async function begin(run: RunStatement, countdowns: readonly Countdown[]): Promise<void> {
  await run(BEGIN_COUNTDOWNS, [
    ...keysOf(countdowns),
    plainArray(countdowns.map(({ count }) => count)),
    textArray(countdowns.map(({ tasks }) => JSON.stringify(tasks))),
  ]);
}

async function countDown(run: RunStatement, keys: readonly CountdownKey[]): Promise<SubmittedWith[]> {
  const over = await run<{ task_id: string; key: string; tasks: SubmittedWith[] }>(COUNT_DOWN, keysOf(keys));
  if (over.length === 0) return [];
  await run(END_COUNTDOWNS, keysOf(over.map(({ task_id: taskId, key }) => ({ taskId, key }))));
  return over.flatMap(({ tasks }) => tasks);
}

async function submit(run: RunStatement, items: readonly SubmittedWith[]): Promise<void> {
  const values = newTaskValues(items.map(({ task }) => task));
  await run(INSERT_FIRST_MANY, [...values, plainArray(items.map(({ delayMs }) => delayMs))]);
}

const keysOf = (keys: readonly CountdownKey[]): unknown[] => [
  plainArray(keys.map(({ taskId }) => taskId)),
  textArray(keys.map(({ key }) => key)),
];
