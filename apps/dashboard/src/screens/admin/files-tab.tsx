import type { FileList } from '@lovage/http-api';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useDeleteFile, useFilePages } from '../../api/queries/admin.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { EmptyState, Skeleton } from '../../ui/feedback.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Details } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './admin.module.css';

type File = FileList['items'][number];

/** What tasks and users have stored. */
export function FilesTab() {
  const pages = useFilePages();
  const remove = useDeleteFile();
  const [asked, setAsked] = useState<string>();
  const rows = pages.data?.pages.flatMap(({ items }) => items);
  const usage = pages.data?.pages.at(-1)?.usage;
  const of = (bytes: number, quota: number | null): string =>
    quota === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(quota)}`;
  const columns: readonly Column<File>[] = [
    {
      key: 'path',
      header: 'Path',
      width: 'minmax(200px, 3fr)',
      phone: 'title',
      cell: ({ path }) => <code className={styles['cut']}>{path}</code>,
    },
    { key: 'bytes', header: 'Size', width: '100px', align: 'end', cell: ({ bytes }) => formatBytes(bytes) },
    { key: 'at', header: 'Written', width: '130px', cell: ({ modifiedAt }) => <RelativeTime value={modifiedAt} /> },
    {
      key: 'acts',
      header: 'Actions',
      width: '60px',
      phone: 'bare',
      cell: ({ path }) => (
        <span className={styles['acts']}>
          <IconButton small label={`Delete ${path}`} onClick={() => setAsked(path)}>
            <Trash2 size={14} />
          </IconButton>
        </span>
      ),
    },
  ];
  if (!rows)
    return pages.isError ? (
      <ApiErrorState what="The files could not be read" error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <Skeleton lines={8} />
    );
  return (
    <div className={styles['stack']}>
      {usage && (
        <Details
          items={[
            ['All files', of(usage.totalBytes, usage.totalQuota)],
            ['Your uploads', of(usage.bytes, usage.quota)],
          ]}
        />
      )}
      <DataTable
        label="Files"
        columns={columns}
        rows={rows}
        rowKey={(one) => one.path}
        empty={<EmptyState title="There is no file">Tasks such as files.download write some.</EmptyState>}
        footer={
          pages.hasNextPage && (
            <Button small busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              Show more files
            </Button>
          )
        }
      />
      {asked !== undefined && (
        <ConfirmDialog
          open
          danger
          onClose={() => {
            setAsked(undefined);
            remove.reset();
          }}
          title={`Delete ${asked}?`}
          verb="Delete the file"
          busy={remove.isPending}
          problem={remove.error && <ApiErrorState what="The file was not deleted" error={remove.error} />}
          onConfirm={() => remove.mutate(asked, { onSuccess: () => setAsked(undefined) })}
        >
          <p>Tasks that name it fail from now on. This cannot be undone.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
