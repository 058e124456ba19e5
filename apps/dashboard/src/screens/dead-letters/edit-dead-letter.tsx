import { useState } from 'react';
import type { WholeDeadLetterDocument } from '@lovage/http-api';
import { formatJson, parseJson } from '../../api/json.ts';
import { useRedrive } from '../../api/queries/dead-letters.ts';
import { useContracts, useQueues } from '../../api/queries/lists.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { JsonEditor } from '../../ui/json/json-editor.tsx';
import { Select } from '../../ui/text-field.tsx';
import styles from './dead-letters.module.css';

export interface EditDeadLetterProps {
  readonly deadLetter: WholeDeadLetterDocument;
  readonly onClose: () => void;
  readonly onRedriven: (taskId: string) => void;
}

/** A dead letter with another input, contract or queue, redriven. The gateway says what the contract does not take. */
export function EditDeadLetter({ deadLetter, onClose, onRedriven }: EditDeadLetterProps) {
  const [initial] = useState(() => startOf(deadLetter));
  const [text, setText] = useState(initial);
  const [name, setName] = useState(deadLetter.name ?? '');
  const [queue, setQueue] = useState(deadLetter.queue);
  const contracts = useContracts();
  const queues = useQueues();
  const redrive = useRedrive(deadLetter.id);
  const read = readJson(text);
  const ready = 'value' in read && name !== '';
  const submit = (): void => {
    if (!ready || redrive.isPending) return;
    const edits = { input: read.value, name, ...(queue !== deadLetter.queue && { queue }) };
    redrive.mutate(edits, { onSuccess: ({ id }) => onRedriven(id) });
  };
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Edit this message and redrive it"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={!ready} busy={redrive.isPending} onClick={submit}>
            Redrive with this input
          </Button>
        </>
      }
    >
      <Select
        label="Contract"
        value={name}
        options={choices(name, contracts.data?.items.map((one) => one.name) ?? [])}
        onChange={setName}
      />
      <Select
        label="Queue"
        value={queue}
        options={choices(queue, queues.data?.items.map((one) => one.name) ?? [])}
        onChange={setQueue}
      />
      <JsonEditor
        initial={initial}
        label="Input"
        onChange={(next) => {
          setText(next);
          if (redrive.error) redrive.reset();
        }}
        onSubmit={submit}
      />
      {'error' in read && (
        <p role="status" className={styles['invalid']}>
          This is no JSON yet: {read.error}
        </p>
      )}
      {redrive.error && <ApiErrorState what="It was not redriven" error={redrive.error} />}
    </Dialog>
  );
}

/** The input that it has; of one that cannot be read what there is of the body, if that is JSON, else an empty object. */
function startOf({ readable, input, body }: WholeDeadLetterDocument): string {
  if (readable && input !== null) return formatJson(input, 2);
  const read = body === null ? { error: '' } : readJson(body);
  return 'value' in read ? formatJson(read.value, 2) : '{}';
}

function readJson(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function choices(value: string, known: readonly string[]): { value: string; label: string }[] {
  const all = known.includes(value) ? known : [value, ...known];
  return all.map((one) => ({ value: one, label: one === '' ? 'Choose one' : one }));
}
