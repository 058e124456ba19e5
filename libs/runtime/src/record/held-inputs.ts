import { headersJson } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import {
  MAX_DEAD_LETTER_BYTES,
  type ContractStore,
  type DeadLetterStore,
  type HeldInput,
  type Log,
} from '@lovage/ports';
import type { InputMisfitError, TaskErrorDocument } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { Replies } from './settler.ts';

/** A task whose input fits neither here nor at any live worker. */
export interface MisfitInput {
  readonly entry: TaskEntry;
  readonly error: InputMisfitError;
}

/** `held`: it has ended, and its message is held. `waits`: it is to wait for a worker. `refused`: its row says no. */
export interface HoldOutcome {
  readonly kind: 'held' | 'waits' | 'refused';
  readonly entry: TaskEntry;
}

export interface HeldInputsDeps {
  /** Of the worker. */
  readonly name: string;
  readonly deadLetters: Pick<DeadLetterStore, 'hold'>;
  readonly contracts: Pick<ContractStore, 'past'> | undefined;
  readonly retry: StoreRetry;
  readonly replies: Pick<Replies, 'ended'>;
  readonly log: Log;
}

/** What RabbitMQ says of this delivery, and not of the message. */
const OF_DELIVERY: ReadonlySet<string> = new Set(['x-delivery-count', 'x-acquired-count', 'x-delivered-by']);
const MAX_TEXT = 8192;
const MAX_DETAIL = 1000;
/** Issues that are told in the error of a task. */
const MOST_ISSUES = 50;

/**
 * Ends tasks whose input was made for another version or schema of their contract, and fits no rule: `FAILURE` `InputInvalidError`, and in the same
 * commit their messages become dead letters, to be redriven once a rule is there or with an edit.
 */
export class HeldInputs {
  constructor(private readonly deps: HeldInputsDeps) {}

  /**
   * Only a schema that workers have served, and that none has served for some minutes, is of the past. Of any other its workers are still
   * to come (the submitter was deployed first), or to come back (one is being replaced): its tasks wait.
   */
  async hold(misfits: readonly MisfitInput[]): Promise<HoldOutcome[]> {
    const { retry, contracts, deadLetters } = this.deps;
    const mayWait = misfits.filter(({ entry, error }) => entry.passOn?.waits !== true && error.madeFor?.fingerprint);
    const asked = mayWait.map(({ entry, error }) => ({
      name: entry.task.name,
      fingerprint: error.madeFor!.fingerprint!,
    }));
    const past = asked.length > 0 && contracts ? await retry.until(() => contracts.past(asked)) : undefined;
    const early = new Set(mayWait.filter((_, i) => past?.[i] === false).map(({ entry }) => entry));
    const waits = [...early].map((entry): HoldOutcome => ({ kind: 'waits', entry }));
    const rest = misfits.filter(({ entry }) => !early.has(entry));
    if (rest.length === 0) return waits;
    const items = rest.map((misfit) => this.toItem(misfit));
    const ended = new Set(await retry.until(() => deadLetters.hold(items)));
    const held = rest.filter(({ entry }) => ended.has(entry.id));
    this.tell(held);
    const refused = rest.filter(({ entry }) => !ended.has(entry.id));
    return [
      ...waits,
      ...held.map(({ entry }): HoldOutcome => ({ kind: 'held', entry })),
      ...refused.map(({ entry }): HoldOutcome => ({ kind: 'refused', entry })),
    ];
  }

  /** Replies to those that wait for these, and logs one line for all: they may be thousands. */
  private tell(held: readonly MisfitInput[]): void {
    for (const { entry, error } of held) this.deps.replies.ended(entry, 'FAILURE', null, misfitDocument(error));
    const [first] = held;
    if (!first) return;
    this.deps.log.error(
      { task: first.entry.id, contract: first.entry.task.name, tasks: held.length, err: first.error },
      'inputs of another version of their contract fit no rule: their tasks have failed, and are held for redrive in the dead letters',
    );
  }

  private toItem({ entry, error }: MisfitInput): HeldInput {
    const { body, headers, contentType, contentEncoding } = entry.deliveries[0]!;
    return {
      id: newId(),
      task: entry.newTask,
      generation: entry.task.generation,
      hadRow: entry.task.hasRow,
      worker: this.deps.name,
      detail: error.message.slice(0, MAX_DETAIL).replaceAll('\0', ''),
      error: JSON.stringify(misfitDocument(error)),
      headers: headersJson(headers, OF_DELIVERY),
      contentType: contentType ?? null,
      contentEncoding: contentEncoding ?? null,
      body: body.subarray(0, MAX_DEAD_LETTER_BYTES),
      bodySize: body.length,
    };
  }
}

/** How such a task ends. */
export function misfitDocument({ name, message, madeFor, here, reason, issues }: InputMisfitError): TaskErrorDocument {
  return {
    type: name,
    message: message.slice(0, MAX_TEXT),
    // `why` is the name of releases up to 0.1; the next one drops it.
    data: { reason, why: reason, madeFor, here, issues: issues.slice(0, MOST_ISSUES) },
  };
}
