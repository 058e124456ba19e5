import type { ListedTask } from '@lovage/http-api';
import { useState } from 'react';
import { MAX_IDS, useRetryTasks, useRevokeTasks } from '../../../api/queries/task-acts.ts';
import { ApiErrorState } from '../../../parts/api-error.tsx';
import { ConfirmDialog } from '../../../ui/dialog.tsx';
import { plural } from '../../../ui/format.ts';
import { Checkbox } from '../../../ui/switch.tsx';
import { useToast } from '../../../ui/toast.tsx';
import { actOn, EFFECTS } from '../../../parts/bulk/words.ts';

export interface SelectedDialogProps {
  readonly act: 'task.revoke' | 'task.retry';
  /** Those that it can be done to. */
  readonly tasks: readonly ListedTask[];
  /** Selected ones that it cannot be done to. */
  readonly left: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

const isRunning = ({ state }: ListedTask): boolean => state === 'STARTED' || state === 'PROGRESS';

/** Asks before an act on the selected tasks, and does it by their ids. */
export function SelectedDialog({ act, tasks, left, onClose, onDone }: SelectedDialogProps) {
  const [terminate, setTerminate] = useState(true);
  const revoke = useRevokeTasks();
  const retry = useRetryTasks();
  const say = useToast();
  const ids = tasks.slice(0, MAX_IDS).map(({ id }) => id);
  const running = tasks.filter(isRunning).length;
  const what = plural(ids.length, 'task');
  const confirm = (reason: string | undefined): void => {
    if (act === 'task.retry')
      retry.mutate(
        { ids },
        {
          onSuccess: ({ submitted, skipped, refused, refusals }) => {
            const rest = [skipped > 0 && `${skipped} were run again before`, refused > 0 && `${refused} refused`];
            say(`${plural(submitted, 'new task')}`, [...rest, refusals[0]?.message].filter(Boolean).join('; '));
            onDone();
          },
        },
      );
    else
      revoke.mutate(
        { ids, terminate, reason },
        {
          onSuccess: ({ revoked, marked, ended }) => {
            const rest = [marked > 0 && `${marked} run and are being stopped`, ended > 0 && `${ended} had ended`];
            say(`${plural(revoked, 'task')} revoked`, rest.filter(Boolean).join('; '));
            onDone();
          },
        },
      );
  };
  const error = revoke.error ?? retry.error;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger={act === 'task.revoke'}
      title={`${actOn(act, what)}?`}
      verb={actOn(act, what)}
      reason={act === 'task.revoke'}
      busy={revoke.isPending || retry.isPending}
      problem={error && <ApiErrorState what="It was not done" error={error} />}
      onConfirm={confirm}
    >
      <p>
        {act === 'task.revoke' &&
          running > 0 &&
          `${running} of them ${running === 1 ? 'runs and gets' : 'run and get'} 5 s to stop. `}
        {EFFECTS[act]}
        {left > 0 &&
          ` ${plural(left, 'selected task')} ${left === 1 ? 'is' : 'are'} left alone: ${act === 'task.revoke' ? 'ended already' : 'not ended yet'}.`}
        {tasks.length > MAX_IDS && ` At most ${MAX_IDS} at once: the first ones are taken.`}
      </p>
      {act === 'task.revoke' && running > 0 && (
        <Checkbox checked={terminate} onChange={setTerminate}>
          Also those that run
        </Checkbox>
      )}
    </ConfirmDialog>
  );
}
