import type { ClaimItem } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

export function toItem(entry: TaskEntry): ClaimItem {
  return { task: entry.facts, turn: entry.task.turn, claimNo: entry.claimNo, hadRow: entry.task.hasRow };
}
