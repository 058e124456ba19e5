import type { LargeField, ListedTask } from '@lovage/ports';
import { toTaskRow, type RawTask } from '../task-row.ts';

/** A row read by `listedColumns`. */
export type RawListed = RawTask & Record<`large_${LargeField}`, boolean> & { [column: string]: unknown };

const LARGE_FIELDS: readonly LargeField[] = ['input', 'result', 'error', 'progress'];

export function toListedTask(raw: RawListed): ListedTask {
  const omitted = LARGE_FIELDS.filter((field) => raw[`large_${field}`]);
  return { ...toTaskRow({ ...raw, message: null }), omitted };
}
