import type { ScheduleDocument } from '@lovage/http-api';
import { useSchedules } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<ScheduleDocument>[] = [
  { key: 'name', header: 'Name', phone: 'title', cell: (one) => one.name },
  { key: 'contract', header: 'Contract', cell: (one) => one.contract },
];

export function SchedulesScreen() {
  const list = useSchedules();
  return (
    <Page title="Schedules">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Schedules"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.name}
            empty={<EmptyState title="There is no schedule yet" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
