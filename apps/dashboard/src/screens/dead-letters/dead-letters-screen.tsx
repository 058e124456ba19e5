import type { DeadLetterDocument } from '@lovage/http-api';
import { useDeadLetters } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<DeadLetterDocument>[] = [
  { key: 'id', header: 'Id', phone: 'title', cell: (one) => one.id },
  { key: 'reason', header: 'Reason', cell: (one) => one.reason },
];

export function DeadLettersScreen() {
  const list = useDeadLetters();
  return (
    <Page title="Dead letters">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Dead letters"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="There is no dead letter" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
