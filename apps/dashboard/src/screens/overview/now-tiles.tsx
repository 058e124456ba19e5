import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { LiveCounts, LiveThroughput } from '@lovage/http-api';
import { useLive } from '../../api/live/use-live.ts';
import { useWorkers } from '../../api/queries/lists.ts';
import { useTaskCounts } from '../../api/queries/tasks.ts';
import { Count } from '../../ui/count.tsx';
import { formatRate } from '../../ui/format.ts';
import { StateIcon, type Tone } from '../../ui/state-icon.tsx';
import styles from './overview.module.css';

/** What is now, at a glance; each leads to its tasks. */
export function NowTiles() {
  const [counts, setCounts] = useState<LiveCounts['states']>();
  const [rates, setRates] = useState<LiveThroughput>();
  useLive('counts', (data) => setCounts(data.states));
  useLive('throughput', setRates);
  // Until the stream tells, and where it cannot.
  const asked = useTaskCounts({}, counts ? false : undefined);
  const workers = useWorkers();
  const states = counts ?? asked.data?.states;
  const sum = (...names: (keyof LiveCounts['states'])[]): number | undefined =>
    states && names.reduce((total, name) => total + states[name], 0);
  const ended = rates && Object.values(rates.endedPerSecond).reduce((total, one) => total + one, 0);
  const failed = rates && rates.endedPerSecond.FAILURE + rates.endedPerSecond.DEAD;
  const live = workers.data?.items.filter((one) => one.status === 'live') ?? [];
  const slots = live.reduce((total, one) => total + (one.concurrency ?? 0), 0);
  const used = live.reduce((total, one) => total + (one.vitals.slotsUsed ?? one.running), 0);
  return (
    <ul className={styles['tiles']} aria-label="Now">
      <Tile name="Waiting" tone="waiting" q="state:PENDING,QUEUED">
        <Count value={sum('PENDING', 'QUEUED')} />
      </Tile>
      <Tile name="For later" tone="waiting" q="state:SCHEDULED">
        <Count value={sum('SCHEDULED')} />
      </Tile>
      <Tile name="Waiting for retry" tone="retry" q="state:RETRY">
        <Count value={sum('RETRY')} />
      </Tile>
      <Tile name="Running" tone="running" q="state:STARTED,PROGRESS">
        <Count value={sum('STARTED', 'PROGRESS')} />
      </Tile>
      <Tile name="Failed (kept)" tone="failure" q="state:FAILURE,DEAD">
        <Count value={sum('FAILURE', 'DEAD')} />
      </Tile>
      <li className={styles['tile']}>
        <span className={styles['tileName']}>Ending</span>
        <span className={styles['tileValue']}>{ended === undefined ? '–' : formatRate(ended)}</span>
        <span className={styles['tileNote']}>{failed ? `${formatRate(failed)} fail` : 'over 5 s'}</span>
      </li>
      <li className={styles['tile']}>
        <Link to="/workers" className={styles['tileName']}>
          Slots used
        </Link>
        <span className={styles['tileValue']}>
          {workers.data ? used : '–'}
          <small> of {slots}</small>
        </span>
        <span className={styles['tileNote']}>
          {live.length} {live.length === 1 ? 'worker' : 'workers'}
        </span>
      </li>
    </ul>
  );
}

function Tile({ name, tone, q, children }: { name: string; tone: Tone; q: string; children: ReactNode }) {
  return (
    <li className={styles['tile']}>
      <Link to="/tasks" search={{ q }} className={styles['tileName']}>
        <StateIcon tone={tone} size={12} /> {name}
      </Link>
      <span className={styles['tileValue']}>{children}</span>
    </li>
  );
}
