import type { RejectCode } from './reject-codes.ts';
import type { IncomingTask } from './task-message.ts';

/** Parts of an embed that are named in a refusal; the rest is counted. */
const NAMED = 5;

/**
 * Why a worker does not run a task that comes with callbacks, errbacks, a chain, a chord or a group: it would run the task
 * and drop the rest without a word. Undefined for a task that stands alone.
 */
export function canvasRefusal({ canvas }: IncomingTask): { code: RejectCode; reason: string } | undefined {
  if (canvas.length === 0) return undefined;
  const named = canvas.slice(0, NAMED).map((part) => JSON.stringify(part.slice(0, 40)));
  if (canvas.length > NAMED) named.push(`${canvas.length - NAMED} more`);
  const reason = `the message asks for ${named.join(', ')}, which this worker does not run; send the task alone`;
  return { code: 'canvas_unsupported', reason };
}
