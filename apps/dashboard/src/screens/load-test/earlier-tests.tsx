import type { LoadTestList } from '@lovage/http-api';
import { Button } from '../../ui/button.tsx';
import { formatDuration, formatRate, formatWhole } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';

type Test = LoadTestList['items'][number];

export interface EarlierTestsProps {
  readonly tests: readonly Test[];
  /** Id of the one that is shown. */
  readonly shown: string | undefined;
  readonly onOpen: (id: string) => void;
}

/** The newest load tests, to be looked at again. */
export function EarlierTests({ tests, shown, onOpen }: EarlierTestsProps) {
  const columns: readonly Column<Test>[] = [
    {
      key: 'contract',
      header: 'Contract',
      width: 'minmax(160px, 2fr)',
      phone: 'title',
      cell: ({ id, contract }) => (
        <Button small kind="ghost" aria-pressed={id === shown} onClick={() => onOpen(id)}>
          {contract}
        </Button>
      ),
    },
    { key: 'state', header: 'State', width: '90px', cell: ({ state }) => state },
    { key: 'started', header: 'Started', width: '110px', cell: ({ createdAt }) => <RelativeTime value={createdAt} /> },
    { key: 'tasks', header: 'Tasks', width: '90px', align: 'end', cell: ({ submitted }) => formatWhole(submitted) },
    {
      key: 'rate',
      header: 'Rate',
      width: '100px',
      align: 'end',
      cell: ({ rate }) => (rate === null ? 'free' : formatRate(rate)),
    },
    {
      key: 'p95',
      header: 'End to end p95',
      width: '120px',
      align: 'end',
      cell: ({ endToEnd }) => (endToEnd === null ? '–' : formatDuration(endToEnd.p95)),
    },
    { key: 'failed', header: 'Failed', width: '80px', align: 'end', cell: ({ failed }) => formatWhole(failed) },
  ];
  return (
    <Panel title="Latest tests" flush>
      <DataTable label="Load tests" columns={columns} rows={tests} rowKey={({ id }) => id} empty={null} />
    </Panel>
  );
}
