import type { LimitDocument } from '@lovage/http-api';
import { useLimits } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<LimitDocument>[] = [
  { key: 'contract', header: 'Contract', phone: 'title', cell: (one) => one.contract },
  { key: 'held', header: 'Held', align: 'end', cell: (one) => one.held },
  { key: 'waiting', header: 'Waiting', align: 'end', cell: (one) => one.waiting },
];

export function LimitsScreen() {
  const list = useLimits();
  return (
    <Page title="Limits">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Limits"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.contract}
            empty={<EmptyState title="There is no limit" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
