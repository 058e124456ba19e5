import type { ContractDocument } from '@lovage/http-api';
import { useContracts } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<ContractDocument>[] = [
  { key: 'name', header: 'Name', phone: 'title', cell: (one) => one.name },
];

export function ContractsScreen() {
  const list = useContracts();
  return (
    <Page title="Contracts">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Contracts"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.name}
            empty={<EmptyState title="There is no contract" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
