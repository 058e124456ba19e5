import type { AttemptDocument, AttemptList } from '@lovage/http-api';
import type { TaskAttempt, TaskRow, TaskStep } from '@lovage/ports';
import { isTerminal, type TaskErrorDocument } from '@lovage/task';

/** The attempts that had another after them, and the last, which the row tells. */
export function attemptList(row: TaskRow, earlier: readonly TaskAttempt[], steps: readonly TaskStep[]): AttemptList {
  const items = earlier.map(attemptDocument);
  const runs = row.state === 'STARTED' || row.state === 'PROGRESS';
  // A task revoked or expired between two attempts has had none since.
  const ended =
    isTerminal(row.state) && row.startedAt !== null && !items.some(({ startedAt }) => startedAt === iso(row.startedAt));
  if (runs || ended)
    items.push(
      attemptDocument({
        outcome: row.state,
        worker: row.worker,
        error: row.error,
        startedAt: row.startedAt,
        endedAt: row.finishedAt,
      }),
    );
  return { items, steps: steps.map(({ key, at }) => ({ key, at: new Date(at).toISOString() })) };
}

function attemptDocument(attempt: TaskAttempt): AttemptDocument {
  return {
    outcome: attempt.outcome,
    worker: attempt.worker,
    error: (attempt.error ?? null) as TaskErrorDocument | null,
    startedAt: iso(attempt.startedAt),
    endedAt: iso(attempt.endedAt),
  };
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
