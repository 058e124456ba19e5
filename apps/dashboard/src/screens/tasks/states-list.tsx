import type { TaskState } from '@lovage/task';
import { STATE_TONES } from '../../parts/task-state.tsx';
import { Count } from '../../ui/count.tsx';
import { cx } from '../../ui/cx.ts';
import { StateIcon } from '../../ui/state-icon.tsx';
import styles from './states-list.module.css';

interface Entry {
  readonly label: string;
  readonly states: readonly TaskState[];
}

const GROUPS: readonly (readonly Entry[])[] = [
  [
    { label: 'Pending', states: ['PENDING'] },
    { label: 'Scheduled', states: ['SCHEDULED'] },
    { label: 'Queued', states: ['QUEUED'] },
    { label: 'Running', states: ['STARTED', 'PROGRESS'] },
    { label: 'Retry', states: ['RETRY'] },
  ],
  [
    { label: 'Success', states: ['SUCCESS'] },
    { label: 'Failure', states: ['FAILURE'] },
    { label: 'Dead', states: ['DEAD'] },
    { label: 'Revoked', states: ['REVOKED'] },
    { label: 'Expired', states: ['EXPIRED'] },
  ],
];

export interface StatesListProps {
  readonly counts: Readonly<Record<TaskState, number>> | undefined;
  /** Where the counts are not of all that match: how they are to be read. */
  readonly note: string | undefined;
  readonly chosen: readonly TaskState[];
  readonly onChoose: (states: readonly TaskState[]) => void;
}

/** The states with how many tasks are in each; a click filters by one, with Ctrl or Shift by several. */
export function StatesList({ counts, note, chosen, onChoose }: StatesListProps) {
  const sum = (states: readonly TaskState[]): number | undefined =>
    counts && states.reduce((total, state) => total + (counts[state] ?? 0), 0);
  const toggle = ({ states }: Entry, several: boolean): void => {
    const on = states.every((state) => chosen.includes(state));
    if (several) return onChoose(on ? chosen.filter((one) => !states.includes(one)) : [...chosen, ...states]);
    onChoose(on && chosen.length === states.length ? [] : states);
  };
  const draw = (entry: Entry) => {
    const count = sum(entry.states);
    return (
      <li key={entry.label}>
        <button
          type="button"
          className={cx(styles['state'], count === 0 && styles['none'])}
          aria-pressed={entry.states.every((state) => chosen.includes(state))}
          onClick={(event) => toggle(entry, event.ctrlKey || event.metaKey || event.shiftKey)}
        >
          <StateIcon tone={STATE_TONES[entry.states[0]!]} />
          <span className={styles['label']}>{entry.label}</span>
          <span className={styles['count']}>{count === undefined ? '' : <Count value={count} />}</span>
        </button>
      </li>
    );
  };
  return (
    <nav className={styles['list']} aria-label="States">
      <ul>
        <li>
          <button
            type="button"
            className={styles['state']}
            aria-pressed={chosen.length === 0}
            onClick={() => onChoose([])}
          >
            <span className={styles['all']} aria-hidden />
            <span className={styles['label']}>All</span>
            <span className={styles['count']}>
              {counts && <Count value={sum(Object.keys(counts) as TaskState[])!} />}
            </span>
          </button>
        </li>
      </ul>
      {GROUPS.map((entries) => (
        <ul key={entries[0]!.label}>{entries.map(draw)}</ul>
      ))}
      {note && <p className={styles['note']}>{note}</p>}
    </nav>
  );
}
