import { pathOf } from '@lovage/foundation';
import { MalformedError, type RejectCode } from '../reject-codes.ts';
import type { IncomingTask } from '../task-message.ts';
import { SignatureCheck } from './signature.ts';

/** Parts of an embed that are named in a refusal; the rest is counted. */
const NAMED = 5;
const KNOWN: ReadonlySet<string> = new Set(['callbacks', 'errbacks', 'chain', 'chord']);

/** What a worker can do with a canvas. */
export interface CanvasAbility {
  /** It has a result backend that counts chords. */
  readonly chords: boolean;
}

/**
 * Why a worker does not run a task with what is to follow it: the signatures are invalid, or it would run the task and drop the rest without a
 * word. Undefined for a task that it runs. Makes the signatures whole, in place.
 * @param ability undefined: it runs no canvas at all
 */
export function canvasRefusal(
  { canvas, embed, group, holdsBigints }: IncomingTask,
  ability: CanvasAbility | undefined,
): { code: RejectCode; reason: string } | undefined {
  if (canvas.length === 0) return undefined;
  const unknown = ability ? canvas.filter((part) => !KNOWN.has(part)) : canvas;
  if (unknown.length > 0) {
    const named = unknown.slice(0, NAMED).map((part) => JSON.stringify(part.slice(0, 40)));
    if (unknown.length > NAMED) named.push(`${unknown.length - NAMED} more`);
    const reason = `the message asks for ${named.join(', ')}, which this worker does not run; send the task without`;
    return { code: 'canvas_unsupported', reason };
  }
  try {
    const check = new SignatureCheck();
    for (const part of ['callbacks', 'errbacks', 'chain'] as const) if (embed[part]) check.list(embed[part], part);
    if (canvas.includes('chord')) check.one(embed.chord, 'chord');
    const at = holdsBigints ? pathOf(embed, (value) => typeof value === 'bigint') : undefined;
    if (at !== undefined)
      throw new MalformedError(
        'body_number_inexact',
        `embed${at}: a whole number that no double holds exactly; send it as a text`,
      );
  } catch (error) {
    if (error instanceof MalformedError) return { code: error.code, reason: error.message };
    throw error;
  }
  if (canvas.includes('chord') && group !== null && !ability?.chords)
    return {
      code: 'canvas_unsupported',
      reason:
        'the task is part of a chord, and chords are counted on Redis: set CELERY_RESULT_BACKEND (rpc:// has no chords)',
    };
  return undefined;
}
