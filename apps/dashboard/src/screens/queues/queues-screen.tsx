import type { QueueDocument } from '@lovage/http-api';
import { useQueues } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<QueueDocument>[] = [
  { key: 'name', header: 'Name', phone: 'title', cell: (one) => one.name },
  { key: 'ready', header: 'Ready', align: 'end', cell: (one) => one.ready ?? '–' },
  { key: 'waiting', header: 'Waiting', align: 'end', cell: (one) => one.waiting },
  { key: 'running', header: 'Running', align: 'end', cell: (one) => one.running },
];

export function QueuesScreen() {
  const list = useQueues();
  return (
    <Page title="Queues">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Queues"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.name}
            empty={<EmptyState title="There is no queue yet" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
