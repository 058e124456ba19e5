import { useNavigate } from '@tanstack/react-router';
import type { TaskDocument } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import { Ban, Pencil, RotateCw } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useRetryTask } from '../../../api/queries/task-acts.ts';
import { useMay } from '../../../api/use-session.ts';
import { useShortcut } from '../../../app/shortcuts.ts';
import { ApiErrorState } from '../../../parts/api-error.tsx';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/dialog.tsx';
import { RevokeDialog } from './revoke-dialog.tsx';

const EditDialog = lazy(() => import('./edit-dialog.tsx').then((module) => ({ default: module.EditDialog })));

/** What can be done to the task: revoke it while it lives, run it again when it has ended. */
export function TaskActs({ task }: { task: TaskDocument }) {
  const may = useMay('operator');
  const navigate = useNavigate();
  const [asked, setAsked] = useState<'revoke' | 'retry' | 'edit'>();
  const retry = useRetryTask();
  const ended = isTerminal(task.state);
  const canRevoke = may && !ended;
  const canRetry = may && ended;
  useShortcut('v', 'Revoke this task', () => setAsked('revoke'), canRevoke);
  useShortcut('a', 'Run this task again', () => setAsked('retry'), canRetry);
  useShortcut('e', 'Edit and run again', () => setAsked('edit'), canRetry);
  if (!may) return null;
  const close = (): void => setAsked(undefined);
  const open = (id: string): void => {
    close();
    void navigate({ to: '/tasks/$id', params: { id } });
  };
  return (
    <>
      {canRevoke && (
        <Button icon={<Ban size={14} />} onClick={() => setAsked('revoke')}>
          Revoke the task
        </Button>
      )}
      {canRetry && (
        <>
          <Button icon={<Pencil size={14} />} onClick={() => setAsked('edit')}>
            Edit and run again
          </Button>
          <Button kind="primary" icon={<RotateCw size={14} />} onClick={() => setAsked('retry')}>
            Run again
          </Button>
        </>
      )}
      {asked === 'revoke' && <RevokeDialog task={task} onClose={close} />}
      {asked === 'retry' && (
        <ConfirmDialog
          open
          onClose={close}
          title="Run this task again?"
          verb="Run the task again"
          busy={retry.isPending}
          problem={retry.error && <ApiErrorState what="It was not run again" error={retry.error} />}
          onConfirm={() => retry.mutate({ id: task.id }, { onSuccess: ({ id }) => open(id) })}
        >
          <p>A new task of {task.name} with the same input is submitted. This one stays as it is.</p>
        </ConfirmDialog>
      )}
      {asked === 'edit' && (
        <Suspense fallback={null}>
          <EditDialog task={task} onClose={close} onSubmitted={open} />
        </Suspense>
      )}
    </>
  );
}
