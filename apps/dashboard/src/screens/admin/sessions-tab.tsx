import { useNavigate } from '@tanstack/react-router';
import type { SessionDocument } from '@lovage/http-api';
import { LogOut } from 'lucide-react';
import { useState } from 'react';
import { useEndSession } from '../../api/queries/admin.ts';
import { useSessions } from '../../api/queries/lists.ts';
import { session } from '../../api/session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Select } from '../../ui/text-field.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './admin.module.css';
import { useUserNames, useUserOptions } from './user-name.tsx';

export interface SessionsTabProps {
  /** Id of a user; undefined: of all. */
  readonly user: string | undefined;
  readonly onUser: (user: string | undefined) => void;
}

/** Who is signed in, and from where. */
export function SessionsTab({ user, onUser }: SessionsTabProps) {
  const sessions = useSessions({ user: user ?? 'all' });
  const options = useUserOptions('All users');
  const nameOf = useUserNames();
  const navigate = useNavigate();
  const end = useEndSession();
  const [asked, setAsked] = useState<SessionDocument | 'mine'>();
  const close = (): void => {
    setAsked(undefined);
    end.reset();
  };
  const columns: readonly Column<SessionDocument>[] = [
    {
      key: 'user',
      header: 'User',
      width: 'minmax(150px, 1.2fr)',
      phone: 'title',
      cell: ({ userId, current }) => (
        <>
          {nameOf(userId)} {current && <Badge tone="accent">this one</Badge>}
        </>
      ),
    },
    { key: 'kind', header: 'Kind', width: '90px', cell: ({ cookie }) => (cookie ? 'Browser' : 'Program') },
    { key: 'address', header: 'Address', width: '130px', cell: ({ address }) => address ?? '–' },
    {
      key: 'agent',
      header: 'Client',
      width: 'minmax(120px, 1.5fr)',
      cell: ({ userAgent }) => (
        <span className={styles['cut']} title={userAgent ?? undefined}>
          {userAgent ?? '–'}
        </span>
      ),
    },
    { key: 'used', header: 'Last used', width: '100px', cell: ({ lastUsedAt }) => <RelativeTime value={lastUsedAt} /> },
    { key: 'ends', header: 'Ends', width: '100px', cell: ({ expiresAt }) => <RelativeTime value={expiresAt} /> },
    {
      key: 'acts',
      header: 'Actions',
      width: '120px',
      phone: 'bare',
      cell: (one) => (
        <span className={styles['acts']}>
          <Button small icon={<LogOut size={13} />} onClick={() => setAsked(one)}>
            End session
          </Button>
        </span>
      ),
    },
  ];
  return (
    <div className={styles['stack']}>
      <div className={styles['tools']}>
        <Select
          label="Sessions of"
          value={user ?? ''}
          options={options}
          onChange={(next) => onUser(next || undefined)}
        />
        <Button icon={<LogOut size={14} />} onClick={() => setAsked('mine')}>
          Sign me out everywhere
        </Button>
      </div>
      <Loaded query={sessions} what="The sessions could not be read">
        {({ items }) => (
          <DataTable
            label="Sessions"
            columns={columns}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="Nobody is signed in" />}
          />
        )}
      </Loaded>
      {asked === 'mine' && (
        <ConfirmDialog
          open
          danger
          onClose={close}
          title="End all of your sessions?"
          verb="Sign out everywhere"
          onConfirm={() =>
            void session.signOut(true).then(() => navigate({ to: '/sign-in', search: { back: undefined } }))
          }
        >
          <p>Every browser and program that is signed in as you is signed out, this page too. API keys go on.</p>
        </ConfirmDialog>
      )}
      {asked && asked !== 'mine' && (
        <ConfirmDialog
          open
          danger
          onClose={close}
          title={`End a session of ${nameOf(asked.userId)}?`}
          verb="End the session"
          busy={end.isPending}
          problem={end.error && <ApiErrorState what="The session was not ended" error={end.error} />}
          onConfirm={() => end.mutate(asked.id, { onSuccess: close })}
        >
          <p>
            {asked.current ? 'It is the one of this page: you are signed out here.' : 'It is signed out at once.'} The
            user can sign in again.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}
