import type { TaskErrorDocument } from './errors.ts';

/** `data` of a `Revoked` error. */
export interface RevokedData {
  /** Who cancelled it, where it is known: a user's id, or what the caller of `revoke` named. */
  readonly actor: string | null;
  /** What was given to the revoke. */
  readonly reason: string | null;
  /** When, ISO 8601; a reply of a task without a row lacks it. */
  readonly at?: string;
}

/** Of the error of a task that is `REVOKED`. Releases up to 0.1 wrote `by` and `why`: read for as long as such rows stay. */
export function revokedData(error: Pick<TaskErrorDocument, 'data'> | null): RevokedData {
  const { by = null, why = null, actor = by, reason = why, at } = (error?.data ?? {}) as Partial<RevokedData> & OldData;
  return { actor, reason, ...(at !== undefined && { at }) };
}

interface OldData {
  readonly by?: string | null;
  readonly why?: string | null;
}
