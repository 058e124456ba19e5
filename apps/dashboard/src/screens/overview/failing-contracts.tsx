import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { StatsDocument, StatsSeries } from '@lovage/http-api';
import type { ApiError } from '../../api/api-error.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Sparkline } from '../../ui/chart/sparkline.tsx';
import { Count } from '../../ui/count.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const MOST = 8;

const COLUMNS: readonly Column<StatsSeries>[] = [
  {
    key: 'name',
    header: 'Contract',
    width: 'minmax(90px, 2fr)',
    phone: 'title',
    cell: ({ key }) => (
      <Link to="/tasks" search={{ q: `name:${key} state:FAILURE,DEAD` }}>
        {key}
      </Link>
    ),
  },
  {
    key: 'failed',
    header: 'Failed',
    width: '60px',
    align: 'end',
    cell: ({ overall }) => <Count value={overall.failed} />,
  },
  {
    key: 'share',
    header: 'Share',
    width: '60px',
    align: 'end',
    cell: ({ overall: { failed, ended } }) =>
      `${((failed / Math.max(1, ended)) * 100).toFixed(failed < ended / 10 ? 1 : 0)} %`,
  },
  {
    key: 'trend',
    header: 'Failures',
    width: '96px',
    phone: 'hide',
    cell: ({ key, failed }) => (
      <Sparkline label={`Failures of ${key}`} values={failed} color="--state-failure" width={78} />
    ),
  },
];

/** Which contracts fail most, in the time that is shown. */
export function FailingContracts({ query }: { query: UseQueryResult<StatsDocument, ApiError> }) {
  return (
    <Panel title="Failing contracts" actions={<Link to="/contracts">All contracts</Link>} flush>
      <Loaded query={query} what="The history could not be read">
        {({ series }) => (
          <DataTable
            bare
            label="Failing contracts"
            columns={COLUMNS}
            rows={series
              .filter((one) => one.key !== null && one.overall.failed > 0)
              .sort((a, b) => b.overall.failed - a.overall.failed)
              .slice(0, MOST)}
            rowKey={(one) => one.key ?? ''}
            empty={<EmptyState title="No task failed">In the time that is shown.</EmptyState>}
          />
        )}
      </Loaded>
    </Panel>
  );
}
