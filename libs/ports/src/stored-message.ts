import type { ForeignPlatform } from '@lovage/task';

const DEFAULT_DEAD_LETTERS = 'lovage.dead';

/**
 * Where workers of another platform (Celery's) send what becomes of tasks, for beat to record it. Each installation on a virtual host
 * has its own, as it has its queue of dead letters.
 */
export function foreignResultsQueue({ deadLetterQueue }: { readonly deadLetterQueue: string }): string {
  return deadLetterQueue === DEFAULT_DEAD_LETTERS ? 'lovage.foreign-results' : `${deadLetterQueue}.foreign-results`;
}

/**
 * What {@link NewTask.message} holds, as JSON text: all that is needed to make a task's message again and that no column
 * of its row tells. What is empty is left out.
 */
export interface StoredMessage {
  /** Address of the inbox that waits for the result. */
  readonly replyTo?: string;
  /** Workers of that platform run it: they reply to {@link foreignResultsQueue}, and `replyTo` is told from there. */
  readonly foreign?: ForeignPlatform;
  /** Nobody submitted it here: it was seen in the events of that platform, and cannot be sent again. */
  readonly observed?: ForeignPlatform;
  /** When it is not the task's id on the wire. */
  readonly correlationId?: string;
  /** `[hard, soft]` in seconds, as on the wire; stated only where the submit overrides the contract. */
  readonly timeLimit?: readonly [hard: number | null, soft: number | null];
  /** The retry policy of this submit: what differs from the contract's (`RetryOptions` of libs/task). */
  readonly retry?: Readonly<Record<string, unknown>>;
  /** Version of the contract that the input was made for: only read, in rows of older releases; today the column `input_stamp` tells it. */
  readonly version?: number;
  /** Positional arguments, where the input is no object (column `input` is null then). */
  readonly args?: readonly unknown[];
  /** Goes with `args`. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Celery's third part of a body: callbacks, errbacks, chain, chord. */
  readonly embed?: Readonly<Record<string, unknown>>;
  /** Headers of the producer's own. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Headers of Celery's that the columns do not tell, as a Celery producer sent them. */
  readonly shadow?: string;
  readonly group?: string;
  readonly groupIndex?: number;
  readonly ignoreResult?: boolean;
  /** `lang` of the message that a Celery program sent: `py`. */
  readonly lang?: string;
}
