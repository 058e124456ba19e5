import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { TaskDocument } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import { useAttempts, useTask } from '../../api/queries/tasks.ts';
import { useRelated } from '../../api/queries/task-family.ts';
import { useTaskStream, type TaskStream } from '../../api/queries/task-stream.ts';
import { FollowBadge } from '../../parts/follow-badge.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { TaskActs } from './acts/task-acts.tsx';
import { ExplainPanel } from './explain-panel.tsx';
import type { TaskTab } from './search.ts';
import { AttemptsTab } from './tabs/attempts-tab.tsx';
import { DataTab } from './tabs/data-tab.tsx';
import { FamilyTab } from './tabs/family-tab.tsx';
import { LogsTab } from './tabs/logs-tab.tsx';
import { OverviewTab } from './tabs/overview-tab.tsx';
import { TaskLink } from './task-link.tsx';
import styles from './task.module.css';
import { Timeline } from './timeline.tsx';

const route = getRouteApi('/frame/tasks/$id');

export function TaskScreen() {
  const { id } = route.useParams();
  const stream = useTaskStream(id);
  // The stream tells what changes; while it is lost the task is read every few seconds.
  const task = useTask(id, stream.status.kind === 'waiting' ? 5_000 : false);
  const data = task.data;
  return (
    <Page
      title={
        <span className={styles['title']}>
          <span className={styles['titleText']}>{data?.name ?? 'Task'}</span>
          {data && <TaskStateLabel state={data.state} />}
        </span>
      }
      about={
        <span className={styles['id']}>
          <code>{id}</code> <CopyButton value={id} label="Copy the id" />
          {data && !isTerminal(data.state) && <FollowBadge status={stream.status} />}
        </span>
      }
      actions={data && <TaskActs task={data} />}
    >
      <Loaded query={task} what="The task could not be read" lines={8}>
        {(known) => <TaskBody task={known} stream={stream} />}
      </Loaded>
    </Page>
  );
}

function TaskBody({ task, stream }: { task: TaskDocument; stream: TaskStream }) {
  const { tab = 'overview' } = route.useSearch();
  const navigate = useNavigate();
  const attempts = useAttempts(task.id);
  const live = !isTerminal(task.state);
  const again = useRelated('retriedFrom', task.id, false).data?.items ?? [];
  const open = (next: TaskTab): void =>
    void navigate({
      to: '/tasks/$id',
      params: { id: task.id },
      search: next === 'overview' ? {} : { tab: next },
      replace: true,
    });
  return (
    <>
      <div className={styles['top']}>
        <Panel className={styles['what']}>
          <Timeline task={task} attempts={attempts.data?.items ?? []} />
        </Panel>
        <ExplainPanel id={task.id} live={live} />
      </div>
      {(task.retriedFrom !== null || again.length > 0) && (
        <p className={styles['related']}>
          {task.retriedFrom !== null && (
            <span>
              Runs <TaskLink id={task.retriedFrom} /> again.
            </span>
          )}
          {again.length > 0 && (
            <span>
              Run again as{' '}
              {again.slice(0, 5).map((one) => (
                <TaskLink key={one.id} id={one.id} />
              ))}
            </span>
          )}
        </p>
      )}
      <Tabs<TaskTab>
        label="Parts of the task"
        value={tab}
        onChange={open}
        tabs={[
          { value: 'overview', label: 'Overview' },
          { value: 'attempts', label: 'Attempts', count: attempts.data?.items.length },
          { value: 'logs', label: 'Logs', count: stream.logs.length },
          { value: 'data', label: 'Data' },
          { value: 'family', label: 'Family' },
        ]}
      >
        {tab === 'overview' && <OverviewTab task={task} />}
        {tab === 'attempts' && <AttemptsTab attempts={attempts} />}
        {tab === 'logs' && <LogsTab stream={stream} live={live} />}
        {tab === 'data' && <DataTab task={task} />}
        {tab === 'family' && <FamilyTab task={task} />}
      </Tabs>
    </>
  );
}
