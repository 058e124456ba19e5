import type { UserDocument } from '@lovage/http-api';
import { useUsers } from '../../api/queries/lists.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const COLUMNS: readonly Column<UserDocument>[] = [
  { key: 'email', header: 'E-mail', phone: 'title', cell: (one) => one.email },
  { key: 'role', header: 'Role', cell: (one) => one.role },
];

export function AdminScreen() {
  const list = useUsers();
  return (
    <Page title="Admin">
      <Loaded query={list} what="The list could not be read">
        {({ items }) => (
          <DataTable
            label="Admin"
            columns={COLUMNS}
            rows={items}
            rowKey={(one) => one.id}
            empty={<EmptyState title="There is no user" />}
          />
        )}
      </Loaded>
    </Page>
  );
}
