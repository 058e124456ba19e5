import { Link } from '@tanstack/react-router';
import type { WorkerDocument } from '@lovage/http-api';
import { useWorkers } from '../../api/queries/lists.ts';
import { WorkerLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Meter } from '../../ui/meter.tsx';
import { Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';

const MOST = 8;

const COLUMNS: readonly Column<WorkerDocument>[] = [
  {
    key: 'name',
    header: 'Worker',
    width: 'minmax(100px, 2fr)',
    phone: 'title',
    cell: (worker) => (
      <>
        <WorkerLink worker={worker.id}>{worker.name}</WorkerLink>{' '}
        {worker.status === 'stopping' && <Badge tone="warn">stopping</Badge>}
      </>
    ),
  },
  {
    key: 'slots',
    header: 'Slots',
    width: '112px',
    cell: (worker) => (
      <Meter
        label={`Slots of ${worker.name}`}
        value={worker.vitals.slotsUsed ?? worker.running}
        most={worker.concurrency}
      />
    ),
  },
  {
    key: 'cpu',
    header: 'CPU',
    width: '82px',
    align: 'end',
    cell: ({ vitals: { cpu } }) => (cpu === null ? '–' : `${cpu.toFixed(2)} cores`),
  },
];

/** How full the workers are. */
export function WorkersPanel() {
  const workers = useWorkers();
  return (
    <Panel title="Worker slots" actions={<Link to="/workers">All workers</Link>} flush>
      <Loaded query={workers} what="The workers could not be read">
        {({ items }) => (
          <DataTable
            bare
            label="Worker slots"
            columns={COLUMNS}
            rows={[...items].sort((a, b) => b.running - a.running).slice(0, MOST)}
            rowKey={(worker) => worker.id}
            empty={
              <EmptyState title="No worker runs" code="npx nx serve worker">
                Tasks wait until one is started.
              </EmptyState>
            }
          />
        )}
      </Loaded>
    </Panel>
  );
}
