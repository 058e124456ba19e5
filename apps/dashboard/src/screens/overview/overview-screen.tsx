import { getRouteApi } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useStats } from '../../api/queries/stats.ts';
import { CountedTo } from '../../parts/counted-to.tsx';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { Segments } from '../../ui/segments.tsx';
import { formatAbsolute } from '../../ui/time/format-time.ts';
import { useTimePreferences } from '../../ui/time/time-preferences.ts';
import { AttentionPanel } from './attention-panel.tsx';
import { FailingContracts } from './failing-contracts.tsx';
import { LatencyChart } from './latency-chart.tsx';
import { NowTiles } from './now-tiles.tsx';
import styles from './overview.module.css';
import { QueuesPanel } from './queues-panel.tsx';
import { selectedPart, RANGES, statsOf, type OverviewRange } from './range.ts';
import { ThroughputChart } from './throughput-chart.tsx';
import { WorkersPanel } from './workers-panel.tsx';

const route = getRouteApi('/frame/overview');
const NAMES: Readonly<Record<OverviewRange, string>> = { hour: 'Last hour', day: 'Last day', week: 'Last week' };
/** Points are minutes; their counts follow the clock by some seconds. */
const POLL_MS = 10_000;

/** Whether something is wrong, what, and where to go; then how it went over time. */
export function OverviewScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useTimePreferences();
  const ask = statsOf(search);
  const poll = search.to === undefined ? POLL_MS : false;
  const byState = useStats({ ...ask, by: 'state' }, poll);
  const byContract = useStats({ ...ask, by: 'contract' }, poll);
  const zoom = (from: number, to: number): void => {
    const part = selectedPart(from, to);
    if (part) void navigate({ search: part });
  };
  const whole = search.from === undefined || search.to === undefined;
  return (
    <Page
      title="Overview"
      about={<CountedTo stats={byState.data} />}
      actions={
        <>
          {!whole && (
            <Button small icon={<X size={14} />} onClick={() => void navigate({ search: {} })}>
              {partText(search.from ?? '', search.to ?? '', zone)}
            </Button>
          )}
          <Segments
            label="Time"
            value={whole ? (search.range ?? 'hour') : undefined}
            options={RANGES.map((value) => ({ value, label: NAMES[value] }))}
            onChange={(range) => void navigate({ search: range === 'hour' ? {} : { range } })}
          />
        </>
      }
    >
      <AttentionPanel stats={byContract.data} />
      <NowTiles />
      <div className={styles['charts']}>
        <ThroughputChart query={byState} onZoom={zoom} />
        <LatencyChart query={byState} onZoom={zoom} />
      </div>
      <div className={styles['lists']}>
        <QueuesPanel />
        <WorkersPanel />
        <FailingContracts query={byContract} />
      </div>
    </Page>
  );
}

function partText(from: string, to: string, zone: string): string {
  const [start, end] = [from, to].map((one) => formatAbsolute(new Date(one), zone).slice(0, 16)) as [string, string];
  return `${start} – ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}
