import type { RevokedReply, RevokedTask, RevokeOutcome } from '@lovage/ports';
import type { TaskErrorDocument, TerminalState } from '@lovage/task';

/** A row of the statement that revokes. */
export interface RawRevoked {
  id: string;
  /** Written by the statement. */
  reached: boolean;
  known: boolean;
  claim_worker: string | null;
  /** Of a task that the statement did not write. */
  ended_state: TerminalState | null;
  error: TaskErrorDocument | null;
  public_id: string | null;
  reply_to: string | null;
  correlation_id: string | null;
  ignore_result: string | null;
}

/** What it came to; undefined when the statement saw one thing and found another: to be asked again. */
export function revokedTask(raw: RawRevoked, waitingOnly: boolean): RevokedTask | undefined {
  const outcome = outcomeOf(raw, waitingOnly);
  if (!outcome) return undefined;
  const reply = outcome.kind === 'revoked' ? replyOf(raw) : undefined;
  return { id: raw.id, outcome, ...(reply && { reply }) };
}

function outcomeOf(raw: RawRevoked, waitingOnly: boolean): RevokeOutcome | undefined {
  const { reached, known, claim_worker: worker, ended_state: state } = raw;
  if (reached) return worker === null ? { kind: 'revoked' } : { kind: 'running', worker };
  if (!known) return { kind: 'unknown' };
  if (state !== null) return { kind: 'terminal', state };
  return waitingOnly && worker !== null ? { kind: 'running', worker } : undefined;
}

function replyOf(raw: RawRevoked): RevokedReply | undefined {
  const { reply_to: address, public_id: taskId, error } = raw;
  if (address === null || taskId === null || error === null || raw.ignore_result === 'true') return undefined;
  return { address, correlationId: raw.correlation_id ?? taskId, taskId, error };
}
