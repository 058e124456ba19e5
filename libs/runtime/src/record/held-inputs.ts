import { headersJson } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import { MAX_LETTER_BYTES, type ContractStore, type DeadLetterStore, type HeldInput, type Log } from '@lovage/ports';
import type { InputMisfitError, TaskErrorDocument } from '@lovage/task';
import type { PassOnOrder } from '../claim/pass-on-order.ts';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { Replies } from './replies.ts';

/** A task whose input fits neither here nor at any live worker. */
export interface Misfit {
  readonly entry: TaskEntry;
  readonly order: PassOnOrder;
  readonly error: InputMisfitError;
}

export interface HeldInputsDeps {
  /** Of the worker. */
  readonly name: string;
  readonly letters: Pick<DeadLetterStore, 'hold'>;
  readonly contracts: Pick<ContractStore, 'past'> | undefined;
  readonly retry: StoreRetry;
  readonly replies: Pick<Replies, 'ended'>;
  readonly log: Log;
  /** Ended and held. */
  onHeld(entry: TaskEntry): void;
  /** The row says no: find out why. */
  onRefused(entries: TaskEntry[]): void;
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
   * The answer: those that shall wait instead. Only a schema that workers have served, and that none has served for some minutes, is of the past.
   * Of any other its workers are still to come (the submitter was deployed first), or to come back (one is being replaced).
   */
  async hold(misfits: readonly Misfit[]): Promise<TaskEntry[]> {
    const { retry, contracts, letters } = this.deps;
    const waiting = misfits.filter(({ order, error }) => order.waits !== true && error.madeFor?.fingerprint);
    const asked = waiting.map(({ entry, error }) => ({
      name: entry.task.name,
      fingerprint: error.madeFor!.fingerprint!,
    }));
    const past = asked.length > 0 && contracts ? await retry.until(() => contracts.past(asked)) : undefined;
    const early = new Set(waiting.filter((_, i) => past?.[i] === false).map(({ entry }) => entry));
    const held = misfits.filter(({ entry }) => !early.has(entry));
    if (held.length > 0) {
      const items = held.map((misfit) => this.toItem(misfit));
      const ended = new Set(await retry.until(() => letters.hold(items)));
      this.settle(held, ended);
    }
    return [...early];
  }

  private settle(held: readonly Misfit[], ended: ReadonlySet<string>): void {
    const refused: TaskEntry[] = [];
    for (const { entry, error } of held) {
      if (!ended.has(entry.id)) {
        refused.push(entry);
        continue;
      }
      this.deps.replies.ended(entry, 'FAILURE', null, misfitDocument(error));
      entry.ack();
      this.deps.onHeld(entry);
    }
    const first = held.find(({ entry }) => ended.has(entry.id));
    if (first)
      this.deps.log.error(
        { task: first.entry.id, contract: first.entry.task.name, tasks: ended.size, err: first.error },
        'inputs of another version of their contract fit no rule: their tasks have failed, and are held for redrive in the dead letters',
      );
    if (refused.length > 0) this.deps.onRefused(refused);
  }

  private toItem({ entry, error }: Misfit): HeldInput {
    const { body, headers, contentType, contentEncoding } = entry.deliveries[0]!;
    return {
      id: newId(),
      task: entry.facts,
      turn: entry.task.turn,
      hadRow: entry.task.hasRow,
      worker: this.deps.name,
      detail: error.message.slice(0, MAX_DETAIL).replaceAll('\0', ''),
      error: JSON.stringify(misfitDocument(error)),
      headers: headersJson(headers, OF_DELIVERY),
      contentType: contentType ?? null,
      contentEncoding: contentEncoding ?? null,
      body: body.subarray(0, MAX_LETTER_BYTES),
      bodySize: body.length,
    };
  }
}

/** How such a task ends. */
export function misfitDocument({ name, message, madeFor, here, why, issues }: InputMisfitError): TaskErrorDocument {
  return {
    type: name,
    message: message.slice(0, MAX_TEXT),
    data: { why, madeFor, here, issues: issues.slice(0, MOST_ISSUES) },
  };
}
