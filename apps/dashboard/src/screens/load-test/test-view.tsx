import type { LoadTestDocument } from '@lovage/http-api';
import { CircleStop } from 'lucide-react';
import { useMemo } from 'react';
import { runs, useLoadTest, useStopLoadTest } from '../../api/queries/load-tests.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Chart } from '../../ui/chart/chart.tsx';
import { formatCount, formatDuration, formatRate, formatWhole } from '../../ui/format.ts';
import { Details, Panel } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './load-test.module.css';

const STATES = {
  running: 'running',
  draining: 'waits for the last results',
  done: 'done',
  stopped: 'stopped',
  failed: 'failed',
} as const;

/** A load test: how far it is, its rate and its times second by second. */
export function TestView({ id }: { id: string }) {
  const test = useLoadTest(id);
  const stop = useStopLoadTest();
  const data = test.data;
  return (
    <Panel
      title={
        data ? (
          <>
            {data.contract}{' '}
            <Badge tone={runs(data) ? 'accent' : data.state === 'failed' ? 'danger' : 'neutral'}>
              {STATES[data.state]}
            </Badge>
          </>
        ) : (
          'Test'
        )
      }
      actions={
        data?.state === 'running' && (
          <Button icon={<CircleStop size={14} />} busy={stop.isPending} onClick={() => stop.mutate(id)}>
            Stop the load test
          </Button>
        )
      }
    >
      {stop.error && <ApiErrorState what="The load test was not stopped" error={stop.error} />}
      <Loaded query={test} what="The load test could not be read" lines={8}>
        {(known) => <Measured test={known} />}
      </Loaded>
    </Panel>
  );
}

function Measured({ test }: { test: LoadTestDocument }) {
  const { submitLatency, endToEnd, points } = test;
  const start = Date.parse(test.createdAt) / 1_000;
  const chart = useMemo(
    () => ({
      times: points.map(({ second }) => start + second),
      submitted: points.map(({ submitted }) => submitted),
      ended: points.map(({ ended }) => ended),
      p95: points.map(({ p95 }) => p95),
    }),
    [points, start],
  );
  const rates = useMemo(
    () => [
      { key: 'submitted', label: 'Submitted', color: '--state-waiting', values: chart.submitted, dash: [6, 3] },
      { key: 'ended', label: 'Ended', color: '--state-success', values: chart.ended },
    ],
    [chart],
  );
  const times = useMemo(() => [{ key: 'p95', label: 'p95', color: '--accent', values: chart.p95 }], [chart]);
  const time = (of: LoadTestDocument['endToEnd'], key: 'p50' | 'p95' | 'p99' | 'max'): string | null =>
    of && formatDuration(of[key]);
  return (
    <div className={styles['stack']}>
      {test.error !== null && (
        <p role="alert" className={styles['error']}>
          {test.error}
        </p>
      )}
      {runs(test) && (
        <progress
          className={styles['bar']}
          aria-label="Submitted of the total"
          max={test.total}
          value={test.submitted}
        />
      )}
      <Details
        items={[
          ['Submitted', `${formatWhole(test.submitted)} of ${formatWhole(test.total)}`],
          ['Succeeded', formatWhole(test.succeeded)],
          ['Failed', formatWhole(test.failed)],
          ['Waiting', formatWhole(test.waiting)],
          ['Refused', formatWhole(test.refused)],
          ['Rate wanted', test.rate === null ? 'as fast as it goes' : formatRate(test.rate)],
          ['Submits now', formatRate(test.submitPerSecond)],
          ['Ends now', formatRate(test.endPerSecond)],
          ['Submit p50', time(submitLatency, 'p50')],
          ['Submit p95', time(submitLatency, 'p95')],
          ['End to end p50', time(endToEnd, 'p50')],
          ['End to end p95', time(endToEnd, 'p95')],
          ['End to end p99', time(endToEnd, 'p99')],
          ['End to end, longest', time(endToEnd, 'max')],
          ['Started', <RelativeTime key="started" value={test.createdAt} />],
        ]}
      />
      {points.length > 1 && (
        <>
          <Chart
            label="Tasks a second"
            kind="line"
            times={chart.times}
            series={rates}
            format={formatCount}
            height={180}
          />
          <Chart
            label="From the submit to the result, 95 % within, ms"
            kind="line"
            times={chart.times}
            series={times}
            format={formatDuration}
            height={140}
          />
        </>
      )}
    </div>
  );
}
