import type { TaskDocument } from '@lovage/http-api';
import { useRevokeTask } from '../../../api/queries/task-acts.ts';
import { ApiErrorState } from '../../../parts/api-error.tsx';
import { ConfirmDialog } from '../../../ui/dialog.tsx';

/** Asks before a task is revoked; says what becomes of one that runs. */
export function RevokeDialog({ task, onClose }: { task: TaskDocument; onClose: () => void }) {
  const revoke = useRevokeTask();
  const runs = task.state === 'STARTED' || task.state === 'PROGRESS';
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={runs ? 'Stop and revoke this task?' : 'Revoke this task?'}
      verb={runs ? 'Stop and revoke the task' : 'Revoke the task'}
      reason
      busy={revoke.isPending}
      problem={revoke.error && <ApiErrorState what="It was not revoked" error={revoke.error} />}
      onConfirm={(reason) => revoke.mutate({ id: task.id, terminate: runs, reason }, { onSuccess: onClose })}
    >
      <p>
        {runs
          ? 'It runs. Its worker aborts it and gives it 5 s to tidy up, then it ends as revoked. What it has done stays done.'
          : 'It waits, and ends as revoked without another run.'}{' '}
        Clients that wait for it are told. This cannot be undone, but it can be run again.
      </p>
    </ConfirmDialog>
  );
}
