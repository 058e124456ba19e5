import type { UserDocument, UserRole } from '@lovage/http-api';
import { useState } from 'react';
import type { ApiError } from '../../api/api-error.ts';
import { useChangeUser, useCreateUser } from '../../api/queries/admin.ts';
import { session } from '../../api/session.ts';
import { useUser } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Checkbox } from '../../ui/switch.tsx';
import { Select, TextField } from '../../ui/text-field.tsx';
import styles from './admin.module.css';
import { ROLE_OPTIONS } from './roles.ts';

const errorAt = (error: ApiError | null, path: string): string | undefined =>
  error?.errors.find((one) => one.path === path)?.message;
const other = (error: ApiError | null): boolean => error !== null && error.errors.length === 0;

/** Another user: e-mail, role and a first password. */
export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateUser();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<UserRole>('viewer');
  const [password, setPassword] = useState('');
  const run = (): void => {
    if (email.trim() === '' || password === '' || create.isPending) return;
    create.mutate({ email: email.trim(), name: name.trim() || null, role, password }, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a user"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-user" busy={create.isPending} disabled={!email || !password}>
            Create the user
          </Button>
        </>
      }
    >
      <form
        id="new-user"
        className={styles['form']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <TextField
          label="E-mail"
          type="email"
          autoComplete="off"
          value={email}
          error={errorAt(create.error, 'email')}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Name (optional)"
          autoComplete="off"
          value={name}
          error={errorAt(create.error, 'name')}
          onChange={(event) => setName(event.target.value)}
        />
        <Select label="Role" value={role} options={ROLE_OPTIONS} onChange={(next) => setRole(next as UserRole)} />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          help="8 characters at least. The user can change it after signing in."
          value={password}
          error={errorAt(create.error, 'password')}
          onChange={(event) => setPassword(event.target.value)}
        />
        {other(create.error) && <ApiErrorState what="The user was not created" error={create.error!} />}
      </form>
    </Dialog>
  );
}

/** Name, role or a new password of a user; only what was changed is sent. */
export function EditUserDialog({ user, onClose }: { user: UserDocument; onClose: () => void }) {
  const me = useUser();
  const change = useChangeUser();
  const [name, setName] = useState(user.name ?? '');
  const [role, setRole] = useState<UserRole>(user.role);
  const [password, setPassword] = useState('');
  const [revokeApiKeys, setRevoke] = useState(false);
  const same = name.trim() === (user.name ?? '') && role === user.role && password === '' && !revokeApiKeys;
  const run = (): void => {
    if (same || change.isPending) return;
    change.mutate(
      {
        id: user.id,
        ...(name.trim() !== (user.name ?? '') && { name: name.trim() || null }),
        ...(role !== user.role && { role }),
        ...(password !== '' && { password }),
        ...(revokeApiKeys && { revokeApiKeys }),
      },
      {
        onSuccess: () => {
          onClose();
          if (user.id === me.id) void session.readUser().catch(() => undefined);
        },
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit ${user.email}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="edit-user" busy={change.isPending} disabled={same}>
            Save the user
          </Button>
        </>
      }
    >
      <form
        id="edit-user"
        className={styles['form']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <TextField
          label="Name (optional)"
          autoComplete="off"
          value={name}
          error={errorAt(change.error, 'name')}
          onChange={(event) => setName(event.target.value)}
        />
        <Select
          label="Role"
          help="Another role ends the sessions of the user, who signs in again with it."
          value={role}
          options={ROLE_OPTIONS}
          onChange={(next) => setRole(next as UserRole)}
        />
        <TextField
          label="New password (optional)"
          type="password"
          autoComplete="new-password"
          help="Ends all sessions of the user."
          value={password}
          error={errorAt(change.error, 'password')}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Checkbox checked={revokeApiKeys} onChange={setRevoke}>
          Revoke all API keys of the user
        </Checkbox>
        {other(change.error) && <ApiErrorState what="The user was not changed" error={change.error!} />}
      </form>
    </Dialog>
  );
}

/** Stops a user at once, or lets the user in again. */
export function SwitchUserDialog({ user, onClose }: { user: UserDocument; onClose: () => void }) {
  const change = useChangeUser();
  // What was asked for; the list may be read anew while the dialog is there.
  const [disabled] = useState(user.disabledAt === null);
  const verb = disabled ? 'Disable' : 'Enable';
  return (
    <ConfirmDialog
      open
      danger={disabled}
      onClose={onClose}
      title={`${verb} ${user.email}?`}
      verb={`${verb} the user`}
      busy={change.isPending}
      problem={change.error && <ApiErrorState what={`The user was not ${verb.toLowerCase()}d`} error={change.error} />}
      onConfirm={() => change.mutate({ id: user.id, disabled }, { onSuccess: onClose })}
    >
      <p>
        {disabled
          ? 'Their sessions end, and neither password nor API key opens anything until the user is enabled. Bulk jobs of theirs stop. Nothing is deleted.'
          : 'The user signs in anew. API keys that were not revoked open again.'}
      </p>
    </ConfirmDialog>
  );
}
