import type { TaskDocument } from '@lovage/http-api';
import { useState } from 'react';
import { formatJson, parseJson } from '../../../api/json.ts';
import { useRetryTask } from '../../../api/queries/task-acts.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { ErrorState } from '../../../ui/feedback.tsx';
import { JsonEditor } from '../../../ui/json/json-editor.tsx';
import styles from '../task.module.css';

export interface EditDialogProps {
  readonly task: TaskDocument;
  readonly onClose: () => void;
  /** Id of the new task. */
  readonly onSubmitted: (id: string) => void;
}

interface Read {
  readonly value?: unknown;
  readonly error?: string;
}

function read(text: string): Read {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** The input of an ended task to change, and to run it again with. The gateway says what its contract does not take. */
export function EditDialog({ task, onClose, onSubmitted }: EditDialogProps) {
  const [initial] = useState(() => formatJson(task.input, 2));
  const [text, setText] = useState(initial);
  const retry = useRetryTask();
  const { value, error } = read(text);
  const submit = (): void => {
    if (error === undefined && !retry.isPending)
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
          <Button kind="primary" disabled={error !== undefined} busy={retry.isPending} onClick={submit}>
            Run with this input
          </Button>
        </>
      }
    >
      <JsonEditor
        initial={initial}
        label="Input"
        onChange={(next) => {
          setText(next);
          if (retry.error) retry.reset();
        }}
        onSubmit={submit}
      />
      {error !== undefined && (
        <p role="status" className={styles['invalid']}>
          This is no JSON yet: {error}
        </p>
      )}
      {problem && problem.errors.length > 0 ? (
        <div role="alert" className={styles['invalid']}>
          <p>{problem.title}:</p>
          <ul>
            {problem.errors.map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                <code>{path}</code> {message}
              </li>
            ))}
          </ul>
        </div>
      ) : (
        problem && <ErrorState title={problem.title} detail={problem.detail} requestId={problem.requestId} />
      )}
    </Dialog>
  );
}
