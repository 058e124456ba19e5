import { plainArray, textArray } from '@lovage/foundation';
import type { HandOverWish, Successor, WorkerId } from '@lovage/ports';
import type { RunStatement } from '../database.ts';
import { HAND_OVER, HANDED_OVER } from '../sql/hand-over.ts';
import { toTaskRow, type RawTask } from '../task-row.ts';

type RawSuccessor = RawTask & Record<string, unknown> & { key: string; no: string | null; due_turn: number };

/** Gives the slots that this transaction has freed to those that wait for them. */
export async function handOver(
  run: RunStatement,
  worker: { id: WorkerId; name: string },
  { keys, queues, except, claimNos, leaseMs, repeated }: HandOverWish,
): Promise<Successor[]> {
  const names = textArray(keys.map(({ key }) => key));
  const numbers = plainArray(claimNos);
  if (repeated && claimNos.length > 0) {
    const before = await run<RawSuccessor>(HANDED_OVER, [worker.id, names, numbers]);
    if (before.length > 0) return before.map(toSuccessor);
  }
  const most = plainArray(keys.map(({ claim }) => claim));
  const values = [worker.id, worker.name, names, most, textArray(queues), numbers, leaseMs, plainArray(except)];
  return (await run<RawSuccessor>(HAND_OVER, values)).map(toSuccessor);
}

function toSuccessor(raw: RawSuccessor): Successor {
  return {
    task: toTaskRow(raw),
    key: raw.key,
    claimNo: raw.no === null ? null : Number(raw.no),
    generation: raw.due_turn,
  };
}
