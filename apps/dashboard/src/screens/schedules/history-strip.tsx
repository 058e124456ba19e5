import type { PastFiringDocument } from '@lovage/http-api';
import { STATE_TONES, STATE_WORDS } from '../../parts/task-state.tsx';
import { formatDuration } from '../../ui/format.ts';
import { toneToken } from '../../ui/state-icon.tsx';
import styles from './history-strip.module.css';

const HEIGHT = 20;
/** What did not end well is seen by its height too: its bar is whole, whatever it took. */
const BAD = new Set(['FAILURE', 'DEAD', 'REVOKED', 'EXPIRED']);

/** The latest firings, the newest at the right: colour by the state of the task, height by how long it ran. */
export function HistoryStrip({ firings }: { firings: readonly PastFiringDocument[] }) {
  if (firings.length === 0) return <span className="muted">never fired</span>;
  const took = firings.map(({ task }) =>
    task?.startedAt && task.finishedAt ? Date.parse(task.finishedAt) - Date.parse(task.startedAt) : 0,
  );
  const most = Math.max(1, ...took);
  const failed = firings.filter(({ task }) => task && BAD.has(task.state)).length;
  const words = `Of the last ${firings.length} firings ${failed} did not end well`;
  return (
    <span className={styles['strip']} role="img" aria-label={words} title={words}>
      {firings
        .map((firing, n) => ({ firing, ms: took[n] ?? 0 }))
        .reverse()
        .map(({ firing: { dueAt, trigger, task }, ms }) => {
          const high = task && BAD.has(task.state) ? HEIGHT : 4 + (HEIGHT - 8) * Math.sqrt(ms / most);
          const what = task
            ? `${STATE_WORDS[task.state]}${ms > 0 ? `, ran ${formatDuration(ms)}` : ''}`
            : 'its task is deleted';
          return (
            <span
              key={`${dueAt} ${trigger}`}
              className={styles['bar']}
              style={{ height: high, color: `var(${task ? toneToken(STATE_TONES[task.state]) : '--n6'})` }}
              title={`${dueAt}: ${what}`}
            />
          );
        })}
    </span>
  );
}
