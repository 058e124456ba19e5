import type { TaskDocument } from '@lovage/http-api';
import { useMemo, useState } from 'react';
import { useContractCheck } from '../../../api/queries/contracts.ts';
import { useContracts } from '../../../api/queries/lists.ts';
import { useRetryTask } from '../../../api/queries/task-acts.ts';
import { useJsonDraft } from '../../../parts/json-draft.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { ErrorState } from '../../../ui/feedback.tsx';
import { JsonEditor } from '../../../ui/json/json-editor.tsx';
import { useSettled } from '../../../ui/use-settled.ts';
import styles from '../task.module.css';

export interface EditDialogProps {
  readonly task: TaskDocument;
  readonly onClose: () => void;
  /** Id of the new task. */
  readonly onSubmitted: (id: string) => void;
}

/** The input of an ended task to change, and to run it again with. The gateway says what its contract does not take. */
export function EditDialog({ task, onClose, onSubmitted }: EditDialogProps) {
  const draft = useJsonDraft(task.input);
  const [initial] = useState(draft.text);
  const retry = useRetryTask();
  const { text, value, error } = draft;
  // Of a contract that this gateway does not know, the gateway says nothing before it is sent.
  const isKnown = useContracts().data?.items.some(({ name }) => name === task.name) ?? false;
  const body = useMemo(() => (error === undefined ? { input: value } : undefined), [value, error]);
  const settled = useSettled(body);
  const check = useContractCheck(task.name, isKnown ? settled : undefined);
  const wrong = error === undefined && isKnown ? (check.data?.errors ?? []) : [];
  // What is known to be wrong is not sent; what the gateway has not looked at yet is.
  const isRefused = wrong.length > 0 && settled === body && !check.isFetching;
  const submit = (): void => {
    if (error === undefined && !isRefused && !retry.isPending)
      retry.mutate({ id: task.id, input: value }, { onSuccess: ({ id }) => onSubmitted(id) });
  };
  const problem = retry.error;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={`Edit the input of ${task.name}`}
      actions={
        <>
          <span className={styles['hint']}>Ctrl Enter runs it. Esc, then Tab leaves the editor.</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={error !== undefined || isRefused} busy={retry.isPending} onClick={submit}>
            Run with this input
          </Button>
        </>
      }
    >
      <JsonEditor
        initial={initial}
        label="Input"
        text={text}
        onChange={(next) => {
          draft.setText(next);
          if (retry.error) retry.reset();
        }}
        onSubmit={submit}
      />
      {error !== undefined && (
        <p role="status" className={styles['invalid']}>
          This is no JSON yet: {error}
        </p>
      )}
      {!problem && wrong.length > 0 && <Wrong role="status" title="The contract does not take it yet" errors={wrong} />}
      {problem && problem.errors.length > 0 ? (
        <Wrong role="alert" title={problem.title} errors={problem.errors} />
      ) : (
        problem && <ErrorState title={problem.title} detail={problem.detail} requestId={problem.requestId} />
      )}
    </Dialog>
  );
}

interface WrongProps {
  readonly role: 'status' | 'alert';
  readonly title: string;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

function Wrong({ role, title, errors }: WrongProps) {
  return (
    <div role={role} className={styles['invalid']}>
      <p>{title}:</p>
      <ul>
        {errors.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}
