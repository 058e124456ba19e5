import { Link } from '@tanstack/react-router';
import { useQueues, useWorkers } from '../../api/queries/lists.ts';
import { useTaskCounts } from '../../api/queries/tasks.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Count } from '../../ui/count.tsx';
import { Facts, Page, Panel } from '../../ui/page.tsx';

export function OverviewScreen() {
  const counts = useTaskCounts();
  const workers = useWorkers();
  const queues = useQueues();
  return (
    <Page title="Overview">
      <Panel title="Tasks by state">
        <Loaded query={counts} what="The counts could not be read">
          {({ states }) => (
            <Facts
              items={Object.entries(states).map(([state, count]) => [state, <Count key={state} value={count} />])}
            />
          )}
        </Loaded>
      </Panel>
      <Panel title="Platform">
        <Facts
          items={[
            ['Workers', <Link to="/workers">{workers.data?.items.length ?? '–'}</Link>],
            ['Queues', <Link to="/queues">{queues.data?.items.length ?? '–'}</Link>],
          ]}
        />
      </Panel>
    </Page>
  );
}
