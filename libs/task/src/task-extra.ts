/** Of what follows an ended task: all that its row needs besides the task. */
export interface FollowUp {
  readonly name: string;
  readonly queue: string;
  /** Contract version and schema fingerprint, see `Stamp`. */
  readonly stamp: string;
  readonly priority?: number;
  /** It expires this long after the end of the task. */
  readonly expiresMs?: number;
}

/** What only some tasks have, and Postgres acts on. Travels with the message; the column `extra` of a task's row. */
export interface TaskExtra {
  /** By which it is found. */
  readonly tags?: readonly string[];
  /** The moment of the schedule that it was made for, ms since the epoch. */
  readonly scheduledFor?: number;
  /** What is submitted when it ends. */
  readonly onEnd?: { readonly success?: FollowUp; readonly failure?: FollowUp };
}

/** Most tags of a task. */
export const MAX_TAGS = 20;
/** Characters of a tag, at most. */
export const MAX_TAG = 100;
export const TAG_RULE = `a text of 1 to ${MAX_TAG} characters without control characters`;

/** Whether a value can be a tag. */
export function isTag(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TAG && /^[^\p{Cc}\p{Cs}]*$/u.test(value);
}
