import { Pencil, Redo2, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { WholeDeadLetterDocument } from '@lovage/http-api';
import { useDeleteDeadLetter, useRedrive } from '../../api/queries/dead-letters.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';

const EditDeadLetter = lazy(() =>
  import('./edit-dead-letter.tsx').then((module) => ({ default: module.EditDeadLetter })),
);

export interface DeadLetterActsProps {
  readonly deadLetter: WholeDeadLetterDocument;
  /** It became this task. */
  readonly onRedriven: (taskId: string) => void;
  readonly onDeleted: () => void;
}

/** What an operator can do to one dead letter. */
export function DeadLetterActs({ deadLetter, onRedriven, onDeleted }: DeadLetterActsProps) {
  const may = useMay('operator');
  const [act, setAct] = useState<'redrive' | 'edit' | 'delete'>();
  if (!may) return null;
  const close = (): void => setAct(undefined);
  return (
    <>
      {deadLetter.redriven === null && (
        <>
          {deadLetter.readable && (
            <Button kind="primary" icon={<Redo2 size={14} />} onClick={() => setAct('redrive')}>
              Redrive the message
            </Button>
          )}
          <Button
            kind={deadLetter.readable ? 'plain' : 'primary'}
            icon={<Pencil size={14} />}
            onClick={() => setAct('edit')}
          >
            Edit and redrive
          </Button>
        </>
      )}
      <Button icon={<Trash2 size={14} />} onClick={() => setAct('delete')}>
        Delete the message
      </Button>
      {act === 'redrive' && <RedriveDialog deadLetter={deadLetter} onClose={close} onRedriven={onRedriven} />}
      {act === 'delete' && <DeleteDialog deadLetter={deadLetter} onClose={close} onDeleted={onDeleted} />}
      {act === 'edit' && (
        <Suspense>
          <EditDeadLetter deadLetter={deadLetter} onClose={close} onRedriven={onRedriven} />
        </Suspense>
      )}
    </>
  );
}

interface DialogProps {
  readonly deadLetter: WholeDeadLetterDocument;
  readonly onClose: () => void;
}

function RedriveDialog({ deadLetter, onClose, onRedriven }: DialogProps & Pick<DeadLetterActsProps, 'onRedriven'>) {
  const redrive = useRedrive(deadLetter.id);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Redrive this message as ${deadLetter.name ?? 'a task'}?`}
      verb="Redrive the message"
      busy={redrive.isPending}
      problem={redrive.error && <ApiErrorState what="It was not redriven" error={redrive.error} />}
      onConfirm={() => redrive.mutate({}, { onSuccess: ({ id }) => onRedriven(id) })}
    >
      It becomes a new task in {deadLetter.queue} with the input of its message. A message is redriven once; after that
      its task can be run again.
    </ConfirmDialog>
  );
}

function DeleteDialog({ deadLetter, onClose, onDeleted }: DialogProps & Pick<DeadLetterActsProps, 'onDeleted'>) {
  const remove = useDeleteDeadLetter(deadLetter.id);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title="Delete this message?"
      verb="Delete the message"
      busy={remove.isPending}
      problem={remove.error && <ApiErrorState what="It was not deleted" error={remove.error} />}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onDeleted })}
    >
      The message is gone for good; no task can be made of it any more. This cannot be undone.
    </ConfirmDialog>
  );
}
