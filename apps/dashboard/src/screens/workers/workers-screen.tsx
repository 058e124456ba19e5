import type { WorkerDocument } from '@lovage/http-api';
import { useWorkers } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<WorkerDocument>[] = [
  { key: 'name', header: 'Name', phone: 'title', cell: (one) => one.name },
  { key: 'host', header: 'Host', cell: (one) => one.host ?? '–' },
  { key: 'running', header: 'Running', align: 'end', cell: (one) => one.running },
];

export function WorkersScreen() {
  const list = useWorkers();
  return (
    <Page title="Workers">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Workers"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="No worker runs" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
