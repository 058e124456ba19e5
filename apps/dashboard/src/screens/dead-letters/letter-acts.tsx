import { Pencil, Redo2, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { WholeDeadLetterDocument } from '@lovage/http-api';
import { useDeleteDeadLetter, useRedrive } from '../../api/queries/dead-letters.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';

const EditLetter = lazy(() => import('./edit-letter.tsx').then((module) => ({ default: module.EditLetter })));

export interface LetterActsProps {
  readonly letter: WholeDeadLetterDocument;
  /** It became this task. */
  readonly onRedriven: (taskId: string) => void;
  readonly onDeleted: () => void;
}

/** What an operator can do to one dead letter. */
export function LetterActs({ letter, onRedriven, onDeleted }: LetterActsProps) {
  const may = useMay('operator');
  const [act, setAct] = useState<'redrive' | 'edit' | 'delete'>();
  if (!may) return null;
  const close = (): void => setAct(undefined);
  return (
    <>
      {letter.redriven === null && (
        <>
          {letter.readable && (
            <Button kind="primary" icon={<Redo2 size={14} />} onClick={() => setAct('redrive')}>
              Redrive the letter
            </Button>
          )}
          <Button
            kind={letter.readable ? 'plain' : 'primary'}
            icon={<Pencil size={14} />}
            onClick={() => setAct('edit')}
          >
            Edit and redrive
          </Button>
        </>
      )}
      <Button icon={<Trash2 size={14} />} onClick={() => setAct('delete')}>
        Delete the letter
      </Button>
      {act === 'redrive' && <RedriveDialog letter={letter} onClose={close} onRedriven={onRedriven} />}
      {act === 'delete' && <DeleteDialog letter={letter} onClose={close} onDeleted={onDeleted} />}
      {act === 'edit' && (
        <Suspense>
          <EditLetter letter={letter} onClose={close} onRedriven={onRedriven} />
        </Suspense>
      )}
    </>
  );
}

interface DialogProps {
  readonly letter: WholeDeadLetterDocument;
  readonly onClose: () => void;
}

function RedriveDialog({ letter, onClose, onRedriven }: DialogProps & Pick<LetterActsProps, 'onRedriven'>) {
  const redrive = useRedrive(letter.id);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Redrive this letter as ${letter.name ?? 'a task'}?`}
      verb="Redrive the letter"
      busy={redrive.isPending}
      problem={redrive.error && <ApiErrorState what="It was not redriven" error={redrive.error} />}
      onConfirm={() => redrive.mutate({}, { onSuccess: ({ id }) => onRedriven(id) })}
    >
      It becomes a new task in {letter.queue} with the input of its message. A letter is redriven once; after that its
      task can be run again.
    </ConfirmDialog>
  );
}

function DeleteDialog({ letter, onClose, onDeleted }: DialogProps & Pick<LetterActsProps, 'onDeleted'>) {
  const remove = useDeleteDeadLetter(letter.id);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title="Delete this letter?"
      verb="Delete the letter"
      busy={remove.isPending}
      problem={remove.error && <ApiErrorState what="It was not deleted" error={remove.error} />}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onDeleted })}
    >
      The message is gone for good; no task can be made of it any more. This cannot be undone.
    </ConfirmDialog>
  );
}
