import type { ApiKeyDocument } from '@lovage/http-api';
import { KeyRound, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useApiKeys, useRevokeApiKey } from '../../api/queries/admin.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { useNow } from '../../ui/time/now.ts';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './admin.module.css';
import { NewKeyDialog } from './new-key-dialog.tsx';
import { ROLE_NAMES } from './roles.ts';
import { useUserNames } from './user-name.tsx';

const NEVER = <span className="muted">never</span>;

/** Keys of programs. */
export function KeysTab() {
  const keys = useApiKeys();
  const revoke = useRevokeApiKey();
  const nameOf = useUserNames();
  const now = useNow(60_000);
  const [isNew, setIsNew] = useState(false);
  const [asked, setAsked] = useState<ApiKeyDocument>();
  const columns: readonly Column<ApiKeyDocument>[] = [
    { key: 'name', header: 'Name', width: 'minmax(140px, 1.6fr)', phone: 'title', cell: ({ name }) => name },
    { key: 'prefix', header: 'Begins with', width: '120px', cell: ({ prefix }) => <code>{prefix}…</code> },
    { key: 'role', header: 'Role', width: '90px', cell: ({ role }) => ROLE_NAMES[role] },
    {
      key: 'user',
      header: 'Of',
      width: 'minmax(120px, 1fr)',
      cell: ({ userId }) => <span className={styles['cut']}>{nameOf(userId)}</span>,
    },
    {
      key: 'used',
      header: 'Last used',
      width: '110px',
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? NEVER : <RelativeTime value={lastUsedAt} />),
    },
    {
      key: 'expires',
      header: 'Expires',
      width: '110px',
      cell: ({ expiresAt }) => (expiresAt === null ? NEVER : <RelativeTime value={expiresAt} />),
    },
    {
      key: 'state',
      header: 'State',
      width: '110px',
      phone: 'bare',
      cell: (key) =>
        key.revokedAt !== null ? (
          <Badge>revoked</Badge>
        ) : key.expiresAt !== null && Date.parse(key.expiresAt) < now ? (
          <Badge>expired</Badge>
        ) : (
          <span className={styles['acts']}>
            <IconButton small label={`Revoke ${key.name}`} onClick={() => setAsked(key)}>
              <Trash2 size={14} />
            </IconButton>
          </span>
        ),
    },
  ];
  return (
    <div className={styles['stack']}>
      <div className={styles['tools']}>
        <p className="muted">For programs, in the header X-API-Key.</p>
        <Button kind="primary" icon={<KeyRound size={14} />} onClick={() => setIsNew(true)}>
          Create an API key
        </Button>
      </div>
      <Loaded query={keys} what="The API keys could not be read">
        {({ items }) => (
          <DataTable
            label="API keys"
            columns={columns}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="There is no API key">A program that submits tasks needs one.</EmptyState>}
          />
        )}
      </Loaded>
      {isNew && <NewKeyDialog onClose={() => setIsNew(false)} />}
      {asked && (
        <ConfirmDialog
          open
          danger
          onClose={() => {
            setAsked(undefined);
            revoke.reset();
          }}
          title={`Revoke the key ${asked.name}?`}
          verb="Revoke the key"
          busy={revoke.isPending}
          problem={revoke.error && <ApiErrorState what="The key was not revoked" error={revoke.error} />}
          onConfirm={() => revoke.mutate(asked.id, { onSuccess: () => setAsked(undefined) })}
        >
          <p>Programs that use it are refused from now on. This cannot be undone.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
