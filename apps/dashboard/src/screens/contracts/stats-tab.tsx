import { useNavigate } from '@tanstack/react-router';
import { CountedTo } from '../../parts/counted-to.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Chart } from '../../ui/chart/chart.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { formatCount, formatDuration, formatWhole } from '../../ui/format.ts';
import { Details, Panel, Toolbar } from '../../ui/page.tsx';
import { Select } from '../../ui/text-field.tsx';
import { Duration } from '../../ui/time/relative-time.tsx';
import styles from './contracts.module.css';
import { ErrorRate } from './error-rate.tsx';
import type { ContractRange } from './search.ts';
import { useRangeStats } from './use-range-stats.ts';

/** How the tasks of a contract ended over time, and how long they waited and ran. */
export function StatsTab({ contract, range }: { contract: string; range: ContractRange }) {
  const navigate = useNavigate();
  const stats = useRangeStats(range, { contract });
  return (
    <div className={styles['stack']}>
      <Toolbar label="Time">
        <Select
          label="Time"
          value={range}
          options={[
            { value: 'hour', label: 'Last hour' },
            { value: 'day', label: 'Last day' },
            { value: 'week', label: 'Last week' },
          ]}
          onChange={(next) =>
            void navigate({
              to: '/contracts/$name',
              params: { name: contract },
              search: { tab: 'stats', ...(next !== 'day' && { range: next as ContractRange }) },
              replace: true,
            })
          }
        />
        <span className="muted">
          <CountedTo stats={stats.data} />
        </span>
      </Toolbar>
      <Loaded query={stats} what="The rates could not be read" lines={8}>
        {({ from, step, total }) => {
          const begin = Date.parse(from) / 1_000;
          const times = total.ended.map((_, n) => begin + n * step);
          const { ended, failed } = total.overall;
          if (ended === 0)
            return (
              <EmptyState title="Nothing ended in this time">
                Submit a task on the tab Run, or choose a longer time.
              </EmptyState>
            );
          const success = total.ended.map((all, n) => (all === null ? null : all - (total.failed[n] ?? 0)));
          return (
            <>
              <Panel>
                <Details
                  items={[
                    ['Ended', formatWhole(ended)],
                    ['Failed', <ErrorRate key="failed" ended={ended} failed={failed} />],
                    ['Run, half within', <Duration key="p50" ms={total.run.overall.p50} />],
                    ['Run, 95 % within', <Duration key="p95" ms={total.run.overall.p95} />],
                    ['Wait, half within', <Duration key="w50" ms={total.wait.overall.p50} />],
                    ['Wait, 95 % within', <Duration key="w95" ms={total.wait.overall.p95} />],
                  ]}
                />
              </Panel>
              <div className={styles['twice']}>
                <Panel title="Ended tasks">
                  <Chart
                    label={`Ended tasks every ${formatDuration(step * 1_000)}`}
                    kind="area"
                    times={times}
                    series={[
                      { key: 'failed', label: 'Failed', color: '--state-failure', values: total.failed },
                      { key: 'other', label: 'Other', color: '--state-success', values: success },
                    ]}
                    format={formatCount}
                  />
                </Panel>
                <Panel title="Run time">
                  <Chart
                    label="Run time of tasks, ms"
                    kind="line"
                    times={times}
                    series={[
                      { key: 'p50', label: 'p50', color: '--accent', values: total.run.p50 },
                      { key: 'p95', label: 'p95', color: '--state-retry', values: total.run.p95, dash: [6, 3] },
                      { key: 'p99', label: 'p99', color: '--state-failure', values: total.run.p99, dash: [2, 3] },
                    ]}
                    format={formatDuration}
                  />
                </Panel>
              </div>
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
