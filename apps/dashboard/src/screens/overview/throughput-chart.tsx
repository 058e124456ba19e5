import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { StatsDocument } from '@lovage/http-api';
import type { ApiError } from '../../api/api-error.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Chart } from '../../ui/chart/chart.tsx';
import type { ChartSeries } from '../../ui/chart/series.ts';
import { formatCount, formatWhole } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { stepText, timesOf } from './stats-times.ts';

interface ChartPanelProps {
  readonly query: UseQueryResult<StatsDocument, ApiError>;
  readonly onZoom: (from: number, to: number) => void;
}

/** From the ground up: what failed is where it is seen. */
const LAYERS = [
  { key: 'DEAD', label: 'Dead', color: '--state-dead' },
  { key: 'FAILURE', label: 'Failure', color: '--state-failure' },
  { key: 'EXPIRED', label: 'Expired', color: '--state-expired' },
  { key: 'REVOKED', label: 'Revoked', color: '--state-revoked' },
  { key: 'SUCCESS', label: 'Success', color: '--state-success' },
] as const;

/** How many tasks ended, by state. */
export function ThroughputChart({ query, onZoom }: ChartPanelProps) {
  return (
    <Panel title="Throughput" actions={query.data && <Total data={query.data} />} flush>
      <Loaded query={query} what="The history could not be read" lines={8}>
        {(data) => <Ends data={data} onZoom={onZoom} />}
      </Loaded>
    </Panel>
  );
}

function Total({ data }: { data: StatsDocument }) {
  const { ended, failed } = data.total.overall;
  return (
    <span className="muted" title={`${formatWhole(ended)} ended, ${formatWhole(failed)} of them failed`}>
      {formatCount(ended)} ended, {formatCount(failed)} failed
    </span>
  );
}

function Ends({ data, onZoom }: { data: StatsDocument; onZoom: ChartPanelProps['onZoom'] }) {
  const { times, series } = useMemo(() => {
    const byKey = new Map(data.series.map((one) => [one.key, one.ended]));
    // Of a state without any end: none where the others are known, a gap where they are not.
    const none = data.total.ended.map((value) => (value === null ? null : 0));
    // What never was in this time takes no place in the legend.
    const shown = LAYERS.filter(
      ({ key }) => key === 'SUCCESS' || key === 'FAILURE' || byKey.get(key)?.some((n) => n !== null && n > 0),
    );
    const series = shown.map((layer): ChartSeries => ({ ...layer, values: byKey.get(layer.key) ?? none }));
    return { times: timesOf(data), series };
  }, [data]);
  return (
    <Chart
      kind="area"
      label={`Tasks ended ${stepText(data.step)}, by state`}
      times={times}
      series={series}
      format={(value) => formatCount(Math.round(value))}
      onZoom={onZoom}
    />
  );
}
