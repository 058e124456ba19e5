import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { getRouteApi } from '@tanstack/react-router';
import type { StatsDocument } from '@lovage/http-api';
import type { ApiError } from '../../api/api-error.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Chart } from '../../ui/chart/chart.tsx';
import type { ChartSeries } from '../../ui/chart/series.ts';
import { formatDuration } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { Segments } from '../../ui/segments.tsx';
import { timesOf } from './stats-times.ts';

const LINES = [
  { key: 'p50', label: 'p50', color: '--state-success' },
  { key: 'p95', label: 'p95', color: '--state-retry', dash: [6, 3] },
  { key: 'p99', label: 'p99', color: '--state-failure', dash: [2, 2] },
] as const;

const route = getRouteApi('/frame/overview');

interface LatencyProps {
  readonly query: UseQueryResult<StatsDocument, ApiError>;
  readonly onZoom: (from: number, to: number) => void;
}

/** How long tasks ran, or waited before they ran: half of them, 95 and 99 of a hundred no longer. */
export function LatencyChart({ query, onZoom }: LatencyProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const times = search.times ?? 'run';
  return (
    <Panel
      title="Times"
      actions={
        <Segments
          label="Which time"
          value={times}
          options={[
            { value: 'run', label: 'Run' },
            { value: 'wait', label: 'Wait' },
          ]}
          onChange={(next) => void navigate({ search: { ...search, times: next === 'run' ? undefined : next } })}
        />
      }
      flush
    >
      <Loaded query={query} what="The history could not be read" lines={8}>
        {(data) => <Percentiles data={data} times={times} onZoom={onZoom} />}
      </Loaded>
    </Panel>
  );
}

function Percentiles({
  data,
  times: kind,
  onZoom,
}: { data: StatsDocument; times: 'run' | 'wait' } & Pick<LatencyProps, 'onZoom'>) {
  const { times, series } = useMemo(
    () => ({
      times: timesOf(data),
      series: LINES.map((line): ChartSeries => ({ ...line, values: data.total[kind][line.key] })),
    }),
    [data, kind],
  );
  return (
    <Chart
      kind="line"
      label={kind === 'run' ? 'How long the last attempt ran' : 'How long tasks waited before they ran'}
      times={times}
      series={series}
      format={formatDuration}
      onZoom={onZoom}
    />
  );
}
