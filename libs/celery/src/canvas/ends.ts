import type { TaskEmbed } from '../task-message.ts';
import { CanvasPlanner, type CanvasParent, type CanvasPlan, type PlanOptions } from './plan.ts';
import { allTasksOf, listOf, type Signature } from './signature.ts';

/** A task that will never run, since one before it has failed: it has failed as well. */
export interface FailedPart {
  readonly id: string;
  readonly replyTo: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  /** The body of the chord that waits for it; null: none does. */
  readonly chord: Signature | null;
}

/** What follows a success: callbacks, then the next step of the chain. @throws CanvasError */
export function planSuccess(parent: CanvasParent, embed: TaskEmbed, result: unknown, options: PlanOptions): CanvasPlan {
  const planner = new CanvasPlanner(parent, options);
  const callbacks = listOf(embed.callbacks) ?? [];
  if (callbacks.length === 1) planner.start(callbacks[0]!, [result]);
  else if (callbacks.length > 1) {
    const isGroup = ({ subtask_type: type }: Signature): boolean => type === 'group';
    for (const group of callbacks.filter(isGroup)) planner.start(group, [result]);
    const others = callbacks.filter((callback) => !isGroup(callback));
    if (others.length > 0) planner.startAll(others, [result]);
  }
  const chain = structuredClone(listOf(embed.chain) ?? []);
  const next = chain.pop();
  if (next) planner.start(next, [result], { chain });
  return planner.plan;
}

/**
 * What follows a failure: each errback as a task of its own, which gets the id of what failed. @throws CanvasError
 */
export function planFailure(parent: CanvasParent, errbacks: unknown, options: PlanOptions): CanvasPlan {
  const planner = new CanvasPlanner(parent, options);
  const signatures = listOf(errbacks) ?? [];
  if (signatures.length > 0) planner.startAll(signatures, [parent.id]);
  return planner.plan;
}

/** What of these signatures will never run. Those without an id are known to nobody. */
export function failedAfter(signatures: readonly Signature[]): FailedPart[] {
  return signatures.flatMap(allTasksOf).flatMap(({ options }): FailedPart | [] => {
    const { task_id: id, reply_to: replyTo, group_id: group, group_index: groupIndex, chord } = options;
    if (id === undefined) return [];
    return {
      ...{ id, replyTo: replyTo ?? null, group: group ?? null, groupIndex: groupIndex ?? null },
      chord: chord ?? null,
    };
  });
}
