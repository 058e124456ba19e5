import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { WorkerDocument } from '@lovage/http-api';
import { useGoneWorkers, useLiveWorkers } from '../../api/queries/workers.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { formatWhole } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { GONE_COLUMNS, RUNNING_COLUMNS } from './worker-columns.tsx';

const route = getRouteApi('/frame/workers');

/** Who runs tasks now, and who has gone within a day. */
export function WorkersScreen() {
  const { tab = 'running' } = route.useSearch();
  const navigate = useNavigate();
  const running = useLiveWorkers();
  const gone = useGoneWorkers();
  const open = ({ id }: WorkerDocument): void => void navigate({ to: '/workers/$worker', params: { worker: id } });
  const items = running.data?.items;
  return (
    <Page title="Workers" about={items && items.length > 0 && slotsInWords(items)}>
      <Tabs
        label="Workers"
        value={tab}
        onChange={(next) => void navigate({ to: '/workers', search: next === 'gone' ? { tab: next } : {} })}
        tabs={[
          { value: 'running', label: 'Running', count: items?.length },
          { value: 'gone', label: 'Gone within a day', count: gone.data?.items.length },
        ]}
      >
        {tab === 'running' ? (
          <Loaded query={running} what="The workers could not be read">
            {(list) => (
              <DataTable
                label="Workers that run"
                columns={RUNNING_COLUMNS}
                rows={list.items}
                rowKey={({ id }) => id}
                onOpen={open}
                empty={
                  <EmptyState title="No worker runs" code="npx nx serve worker">
                    Tasks are accepted and wait until one is started.
                  </EmptyState>
                }
              />
            )}
          </Loaded>
        ) : (
          <Loaded query={gone} what="The workers that have gone could not be read">
            {(list) => (
              <DataTable
                label="Workers that have gone"
                columns={GONE_COLUMNS}
                rows={list.items}
                rowKey={({ id }) => id}
                onOpen={open}
                empty={
                  <EmptyState title="No worker has gone within a day">
                    Those that are stopped, killed or cut off are shown here for a day, with the reason.
                  </EmptyState>
                }
              />
            )}
          </Loaded>
        )}
      </Tabs>
    </Page>
  );
}

function slotsInWords(items: readonly WorkerDocument[]): string {
  const most = items.reduce((sum, { vitals, concurrency }) => sum + (vitals.slots ?? concurrency ?? 0), 0);
  const used = items.reduce((sum, { vitals, running }) => sum + (vitals.slotsUsed ?? running), 0);
  return `${formatWhole(used)} of ${formatWhole(most)} slots used, ${formatWhole(Math.max(0, most - used))} free`;
}
