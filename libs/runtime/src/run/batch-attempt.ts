import { inputOf } from '@lovage/celery';
import { fieldOf } from '@lovage/foundation';
import { batchItem, validateInput, type AnyContract, type BatchItem, type BatchOutcome } from '@lovage/task';
import type { BatchHandle, Handle } from '../handler-binding.ts';
import { BatchOutcomeMissing } from './abort-reasons.ts';
import { resultJson, type AttemptInput } from './attempt.ts';
import { asCodeOf, type ScopedRun } from './task-scope.ts';

/** One attempt of a batch. One of the last two is called, once. */
export interface BatchMember {
  readonly task: AttemptInput;
  readonly context: ScopedRun;
  /** @param result JSON text. */
  succeeded(result: string): void;
  failed(thrown: unknown): void;
}

/**
 * Runs a batch handler on the inputs of many tasks, each checked by the contract, and tells each how it ended. An input that
 * does not fit is the failure of its own task, which the handler does not see.
 */
export function batchAttempt(
  { contract, handleBatch }: { readonly contract: AnyContract; readonly handleBatch: BatchHandle },
  members: readonly BatchMember[],
  resultLimit?: number,
): void {
  const items: BatchItem[] = [];
  const given = new Map<string, BatchMember>();
  for (const member of members) {
    try {
      const input = validateInput(contract, inputOf(member.task, contract.positional));
      items.push(batchItem(input, member.context));
      given.set(member.context.id, member);
    } catch (error) {
      member.failed(error);
    }
  }
  if (items.length === 0) return;
  const failed = (thrown: unknown): void => {
    for (const member of given.values()) member.failed(thrown);
  };
  // In a promise also for a handler that answers at once: none of a batch is told its end before all have begun.
  // What of its answer cannot be read is its failure as well.
  const runs = [...given.values()].map(({ context }) => context);
  new Promise((resolve) => resolve(asCodeOf(runs, handleBatch, items, undefined)))
    .then((answer) => tell(contract, answer, given, resultLimit))
    .catch(failed);
}

/** A batch handler as one of single tasks: each is a batch of its own. */
export function singly(contract: AnyContract, handleBatch: BatchHandle): Handle {
  return async (input, task) => {
    const answer: unknown = await handleBatch([batchItem(input as never, task)]);
    const outcome = outcomesOf(answer).get(task.id);
    if (!outcome) throw missing(contract, answer);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  };
}

function tell(
  contract: AnyContract,
  answer: unknown,
  given: ReadonlyMap<string, BatchMember>,
  resultLimit: number | undefined,
): void {
  const outcomes = outcomesOf(answer);
  for (const [id, member] of given) {
    const outcome = outcomes.get(id);
    if (!outcome) member.failed(missing(contract, answer));
    else if (fieldOf(outcome, 'ok') !== true) member.failed(fieldOf(outcome, 'error'));
    else {
      let result: string;
      try {
        result = resultJson(contract, (outcome as { value?: unknown }).value, resultLimit);
      } catch (error) {
        member.failed(error);
        continue;
      }
      member.succeeded(result);
    }
  }
}

/** What a handler said, by task; of two about one task the first counts. What of it cannot be read says nothing. */
function outcomesOf(answer: unknown): ReadonlyMap<string, BatchOutcome> {
  const outcomes = new Map<string, BatchOutcome>();
  if (!Array.isArray(answer)) return outcomes;
  for (const outcome of answer as unknown[]) {
    const [id, ok] = [fieldOf(outcome, 'id'), fieldOf(outcome, 'ok')];
    if (typeof id === 'string' && typeof ok === 'boolean' && !outcomes.has(id))
      outcomes.set(id, outcome as BatchOutcome);
  }
  return outcomes;
}

function missing(contract: AnyContract, answer: unknown): BatchOutcomeMissing {
  const how = Array.isArray(answer) ? `answered ${answer.length} outcomes` : `answered ${typeof answer}, not a list`;
  return new BatchOutcomeMissing(contract.name, how);
}
