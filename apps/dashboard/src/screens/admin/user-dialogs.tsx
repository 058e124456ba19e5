import type { UserDocument, UserRole } from '@lovage/http-api';
import { useState } from 'react';
import type { ApiError } from '../../api/api-error.ts';
import { useChangeUser, useCreateUser } from '../../api/queries/admin.ts';
import { session } from '../../api/session.ts';
import { useUser } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { ConfirmDialog, FormDialog } from '../../ui/dialog.tsx';
import { Checkbox } from '../../ui/switch.tsx';
import { Select, TextField } from '../../ui/text-field.tsx';
import { ROLE_OPTIONS } from './roles.ts';

const errorAt = (error: ApiError | null, path: string): string | undefined =>
  error?.errors.find((one) => one.path === path)?.message;
const other = (error: ApiError | null): boolean => error !== null && error.errors.length === 0;

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Of the last try. */
  readonly error: ApiError | null;
}

function NameField({ value, onChange, error }: FieldProps) {
  return (
    <TextField
      label="Name (optional)"
      autoComplete="off"
      value={value}
      error={errorAt(error, 'name')}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function PasswordField({ value, onChange, error, ...words }: FieldProps & { label: string; help: string }) {
  return (
    <TextField
      {...words}
      type="password"
      autoComplete="new-password"
      value={value}
      error={errorAt(error, 'password')}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

/** Another user: e-mail, role and a first password. */
export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateUser();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<UserRole>('viewer');
  const [password, setPassword] = useState('');
  return (
    <FormDialog
      onClose={onClose}
      title="Create a user"
      verb="Create the user"
      ready={email.trim() !== '' && password !== ''}
      busy={create.isPending}
      onSubmit={() =>
        create.mutate({ email: email.trim(), name: name.trim() || null, role, password }, { onSuccess: onClose })
      }
    >
      <TextField
        label="E-mail"
        type="email"
        autoComplete="off"
        value={email}
        error={errorAt(create.error, 'email')}
        onChange={(event) => setEmail(event.target.value)}
      />
      <NameField value={name} error={create.error} onChange={setName} />
      <Select label="Role" value={role} options={ROLE_OPTIONS} onChange={(next) => setRole(next as UserRole)} />
      <PasswordField
        label="Password"
        help="8 characters at least. The user can change it after signing in."
        value={password}
        error={create.error}
        onChange={setPassword}
      />
      {other(create.error) && <ApiErrorState what="The user was not created" error={create.error!} />}
    </FormDialog>
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
  const changes = {
    ...(name.trim() !== (user.name ?? '') && { name: name.trim() || null }),
    ...(role !== user.role && { role }),
    ...(password !== '' && { password }),
    ...(revokeApiKeys && { revokeApiKeys }),
  };
  const changed = (): void => {
    onClose();
    if (user.id === me.id) void session.readUser().catch(() => undefined);
  };
  return (
    <FormDialog
      onClose={onClose}
      title={`Edit ${user.email}`}
      verb="Save the user"
      ready={Object.keys(changes).length > 0}
      busy={change.isPending}
      onSubmit={() => change.mutate({ id: user.id, ...changes }, { onSuccess: changed })}
    >
      <NameField value={name} error={change.error} onChange={setName} />
      <Select
        label="Role"
        help="Another role ends the sessions of the user, who signs in again with it."
        value={role}
        options={ROLE_OPTIONS}
        onChange={(next) => setRole(next as UserRole)}
      />
      <PasswordField
        label="New password (optional)"
        help="Ends all sessions of the user."
        value={password}
        error={change.error}
        onChange={setPassword}
      />
      <Checkbox checked={revokeApiKeys} onChange={setRevoke}>
        Revoke all API keys of the user
      </Checkbox>
      {other(change.error) && <ApiErrorState what="The user was not changed" error={change.error!} />}
    </FormDialog>
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
