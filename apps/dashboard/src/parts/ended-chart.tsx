import { lazy, Suspense } from 'react';
import { TERMINAL_STATES } from '@lovage/task';
import { useStats, type StatsAsk } from '../api/queries/stats.ts';
import { Skeleton } from '../ui/feedback.tsx';
import { formatCount } from '../ui/format.ts';
import { Panel } from '../ui/page.tsx';
import { toneToken } from '../ui/state-icon.tsx';
import { STATE_TONES, STATE_WORDS } from './task-state.tsx';
import { Loaded } from './loaded.tsx';

const Chart = lazy(() => import('../ui/chart/chart.tsx').then((module) => ({ default: module.Chart })));

/** The history grows by the minute. */
const POLL_MS = 30_000;

/** Tasks that ended in the last hour, by state. */
export function EndedChart({ title, ...of }: { title: string } & Pick<StatsAsk, 'contract' | 'queue'>) {
  const stats = useStats({ ...of, by: 'state', step: 60 }, POLL_MS);
  return (
    <Panel title={title}>
      <Loaded query={stats} what="The history could not be read" lines={6}>
        {({ from, step, total, series, countedTo }) =>
          total.overall.ended === 0 ? (
            <p className="muted">
              {countedTo === null
                ? 'Nothing is counted yet: a beat counts what ended, within some seconds.'
                : 'Nothing ended in the last hour.'}
            </p>
          ) : (
            <Suspense fallback={<Skeleton lines={6} />}>
              <Chart
                label={`${title}, tasks a minute`}
                kind="area"
                height={160}
                times={total.ended.map((_, n) => Date.parse(from) / 1_000 + n * step)}
                series={TERMINAL_STATES.flatMap((state) => {
                  const found = series.find(({ key }) => key === state);
                  const tone = STATE_TONES[state];
                  return found
                    ? [{ key: state, label: STATE_WORDS[state], color: toneToken(tone), values: found.ended }]
                    : [];
                })}
                format={(value) => (Number.isInteger(value) ? formatCount(value) : '')}
              />
            </Suspense>
          )
        }
      </Loaded>
    </Panel>
  );
}
