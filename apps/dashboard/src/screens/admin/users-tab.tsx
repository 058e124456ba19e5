import type { UserDocument } from '@lovage/http-api';
import { Pencil, Trash2, UserCheck, UserPlus, UserX } from 'lucide-react';
import { useState } from 'react';
import { useRemoveUser } from '../../api/queries/admin.ts';
import { useUsers } from '../../api/queries/lists.ts';
import { useUser } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './admin.module.css';
import { ROLE_NAMES } from './roles.ts';
import { EditUserDialog, NewUserDialog, SwitchUserDialog } from './user-dialogs.tsx';

/** Who may sign in, and as what. */
export function UsersTab() {
  const me = useUser();
  const users = useUsers();
  const remove = useRemoveUser();
  const [isNew, setIsNew] = useState(false);
  const [edited, setEdited] = useState<UserDocument>();
  const [removed, setRemoved] = useState<UserDocument>();
  const [switched, setSwitched] = useState<UserDocument>();
  const columns: readonly Column<UserDocument>[] = [
    {
      key: 'email',
      header: 'E-mail',
      width: 'minmax(180px, 2fr)',
      phone: 'title',
      cell: ({ id, email }) => (
        <>
          {email} {id === me.id && <Badge>you</Badge>}
        </>
      ),
    },
    { key: 'name', header: 'Name', cell: ({ name }) => name ?? <span className="muted">–</span> },
    { key: 'role', header: 'Role', width: '110px', cell: ({ role }) => ROLE_NAMES[role] },
    {
      key: 'state',
      header: 'May sign in',
      width: 'minmax(110px, 1fr)',
      cell: ({ disabledAt }) =>
        disabledAt === null ? (
          'yes'
        ) : (
          <>
            <Badge>disabled</Badge> <RelativeTime value={disabledAt} />
          </>
        ),
    },
    { key: 'created', header: 'Made', width: '130px', cell: ({ createdAt }) => <RelativeTime value={createdAt} /> },
    {
      key: 'acts',
      header: 'Actions',
      width: '112px',
      phone: 'bare',
      cell: (user) => (
        <span className={styles['acts']}>
          <IconButton small label={`Edit ${user.email}`} onClick={() => setEdited(user)}>
            <Pencil size={14} />
          </IconButton>
          {user.id !== me.id && (
            <IconButton
              small
              label={`${user.disabledAt === null ? 'Disable' : 'Enable'} ${user.email}`}
              onClick={() => setSwitched(user)}
            >
              {user.disabledAt === null ? <UserX size={14} /> : <UserCheck size={14} />}
            </IconButton>
          )}
          {user.id !== me.id && (
            <IconButton small label={`Remove ${user.email}`} onClick={() => setRemoved(user)}>
              <Trash2 size={14} />
            </IconButton>
          )}
        </span>
      ),
    },
  ];
  return (
    <div className={styles['stack']}>
      <div className={styles['tools']}>
        <p className="muted">Who may sign in. A role includes those before it.</p>
        <Button kind="primary" icon={<UserPlus size={14} />} onClick={() => setIsNew(true)}>
          Create a user
        </Button>
      </div>
      <Loaded query={users} what="The users could not be read">
        {({ items }) => (
          <DataTable
            label="Users"
            columns={columns}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="There is no user" />}
          />
        )}
      </Loaded>
      {isNew && <NewUserDialog onClose={() => setIsNew(false)} />}
      {edited && <EditUserDialog user={edited} onClose={() => setEdited(undefined)} />}
      {switched && <SwitchUserDialog user={switched} onClose={() => setSwitched(undefined)} />}
      {removed && (
        <ConfirmDialog
          open
          danger
          onClose={() => {
            setRemoved(undefined);
            remove.reset();
          }}
          title={`Remove ${removed.email}?`}
          verb="Remove the user"
          busy={remove.isPending}
          problem={remove.error && <ApiErrorState what="The user was not removed" error={remove.error} />}
          onConfirm={() => remove.mutate(removed.id, { onSuccess: () => setRemoved(undefined) })}
        >
          <p>
            Their sessions end and their API keys stop working at once. Their tasks stay. This cannot be undone; another
            user of this e-mail is another user.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}
