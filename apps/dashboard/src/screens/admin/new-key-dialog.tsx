import type { UserRole } from '@lovage/http-api';
import { useState } from 'react';
import { useCreateApiKey } from '../../api/queries/admin.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { Select, TextField } from '../../ui/text-field.tsx';
import { ROLE_OPTIONS } from './roles.ts';

const ENDS = [
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: '', label: 'Never' },
];

/** Makes an API key, and shows it once: it is nowhere but in this dialog. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateApiKey();
  const [name, setName] = useState('');
  const [role, setRole] = useState<UserRole>('operator');
  const [days, setDays] = useState('90');
  const made = create.data;
  const close = (): void => {
    // Nothing keeps it when it is no longer shown.
    create.reset();
    onClose();
  };
  if (made)
    return (
      <Dialog
        open
        onClose={close}
        title={`The key ${made.name}`}
        actions={
          <Button kind="primary" onClick={close}>
            I have kept the key
          </Button>
        }
      >
        <p>Copy it now: it is shown this once. Anybody who has it may do what the role {made.role} may.</p>
        <CodeBlock code={made.key} label="API key" />
      </Dialog>
    );
  return (
    <FormDialog
      onClose={close}
      title="Create an API key"
      verb="Create the key"
      ready={name.trim() !== ''}
      busy={create.isPending}
      onSubmit={() => create.mutate({ name: name.trim(), role, ...(days && { expiresInDays: Number(days) }) })}
    >
      <TextField
        label="Name"
        help="What it is for: billing service"
        autoComplete="off"
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Select
        label="Role"
        help="It never opens more than you may yourself."
        value={role}
        options={ROLE_OPTIONS}
        onChange={(next) => setRole(next as UserRole)}
      />
      <Select label="Expires" value={days} options={ENDS} onChange={setDays} />
      {create.error && <ApiErrorState what="The key was not created" error={create.error} />}
    </FormDialog>
  );
}
