import { Link } from '@tanstack/react-router';
import { isTerminal } from '@lovage/task';
import { POLL_MS } from '../../../api/query-client.ts';
import { useTask } from '../../../api/queries/tasks.ts';
import { TaskStateLabel } from '../../../parts/task-state.tsx';
import { Panel } from '../../../ui/page.tsx';
import styles from './run.module.css';

/** What was submitted on this page, newest first, and what becomes of it. */
export function Submitted({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <Panel title="Submitted">
      <ul aria-label="Submitted tasks" className={styles['submitted']}>
        {ids.map((id) => (
          <One key={id} id={id} />
        ))}
      </ul>
    </Panel>
  );
}

function One({ id }: { id: string }) {
  const task = useTask(id, POLL_MS / 5);
  const state = task.data?.state;
  return (
    <li className={styles['one']}>
      <Link to="/tasks/$id" params={{ id }} className="mono">
        {id}
      </Link>
      {state ? <TaskStateLabel state={state} /> : <span className="muted">accepted</span>}
      {state && isTerminal(state) && <span className="sr-only">ended</span>}
    </li>
  );
}
