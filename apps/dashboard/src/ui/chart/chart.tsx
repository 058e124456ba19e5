import { useEffect, useEffectEvent, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatAbsolute } from '../time/format-time.ts';
import { useTimePreferences } from '../time/time-preferences.ts';
import { formatTick } from './chart-ticks.ts';
import styles from './chart.module.css';
import { resolveColors, useShownTheme } from './colors.ts';
import { stack, type ChartSeries } from './series.ts';

/** Rows of the table that screen readers get, at most: beyond it nobody listens. */
const MAX_ROWS = 120;
/** A drag that is shorter is a click, px. */
const MIN_DRAG = 6;
/** Between two lines of an axis that counts: halves of a thing would be labelled like their neighbours. */
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

export interface ChartProps {
  /** What it shows, with the unit: "Tasks ended a minute, by state". */
  readonly label: string;
  /** Where each point begins, seconds since 1970. */
  readonly times: readonly number[];
  /** Of a stack: the lowest layer first. */
  readonly series: readonly ChartSeries[];
  /** `area`: a stack of counts, so its axis has whole numbers. */
  readonly kind: 'area' | 'line';
  readonly format: (value: number) => string;
  readonly height?: number;
  /** A part was selected by dragging: seconds since 1970. */
  readonly onZoom?: (from: number, to: number) => void;
}

/** Values over time on a canvas: crosshair with values, drag to zoom, gaps as gaps; the same numbers as a table for screen readers. */
export function Chart({ label, times, series, kind, format, height = 200, onZoom }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useShownTheme();
  const { zone } = useTimePreferences();
  const [at, setAt] = useState<number | null>(null);
  const zoom = useEffectEvent((from: number, to: number) => onZoom?.(from, to));
  const text = useEffectEvent((value: number) => format(value));
  const look = useEffectEvent(() => ({ data: dataOf(times, series, kind), series }));
  // Another set of lines is another plot; other values of the same are not.
  const shape = JSON.stringify([kind, series.map((one) => [one.key, one.color, one.dash])]);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const now = look();
    const [axis, grid] = resolveColors(['var(--n10)', 'var(--n5)']);
    const strokes = resolveColors(now.series.map(({ color }) => `var(${color})`));
    // Not translucent: a layer covers those above it, which are drawn before.
    const fills = resolveColors(now.series.map(({ color }) => `color-mix(in srgb, var(${color}) 38%, var(--panel))`));
    const layers = now.series.map((one, n): uPlot.Series => {
      return {
        label: one.label,
        stroke: strokes[n],
        width: kind === 'area' ? 1 : 1.75,
        fill: kind === 'area' ? fills[n] : undefined,
        dash: one.dash ? [...one.dash] : undefined,
        // A value between two gaps has no line to be seen by.
        points: { show: kind === 'line', size: 4, filter: (u, index) => alone(u.data[index] ?? []) },
        spanGaps: false,
      };
    });
    const font = '11px "Inter Variable", system-ui';
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        // The label of the last tick goes beyond it.
        padding: [8, 28, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, y: false },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
        axes: [
          {
            stroke: axis,
            font,
            // A label with seconds is 50 px wide.
            space: 72,
            grid: { show: false },
            ticks: { stroke: grid, width: 1, size: 4 },
            size: 28,
            values: (_, splits, __, ___, step) => splits.map((one) => formatTick(one, step, zone)),
          },
          {
            stroke: axis,
            font,
            size: 62,
            space: Math.max(40, height / 4),
            ...(kind === 'area' && { incrs: WHOLE_STEPS }),
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            values: (_, splits) => splits.map((one) => text(one)),
          },
        ],
        series: [{}, ...(kind === 'area' ? layers.toReversed() : layers)],
        hooks: {
          setCursor: [(u) => setAt(u.cursor.idx ?? null)],
          setSelect: [
            (u) => {
              const { left, width } = u.select;
              if (width >= MIN_DRAG) zoom(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
              if (width > 0) u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      now.data,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape, theme, zone, height, kind]);

  useEffect(() => {
    plot.current?.setData(dataOf(times, series, kind));
  }, [times, series, kind]);

  const shown = at !== null && at < times.length ? at : null;
  const valueAt = (one: ChartSeries): string => {
    const value = shown === null ? undefined : one.values[shown];
    return value === undefined ? '' : value === null ? '–' : format(value);
  };
  return (
    <figure className={styles['chart']}>
      <figcaption className="sr-only">{label}</figcaption>
      <div ref={host} className={styles['canvas']} style={{ height }} aria-hidden />
      <div className={styles['legend']} aria-hidden>
        <span className={styles['moment']}>
          {shown === null
            ? onZoom && 'Drag to zoom'
            : formatAbsolute(new Date((times[shown] ?? 0) * 1_000), zone).slice(0, 16)}
        </span>
        {series.map((one) => (
          <span key={one.key} className={styles['item']}>
            <svg width="14" height="8" className={styles['swatch']} style={{ color: `var(${one.color})` }}>
              <line
                x1="0"
                x2="14"
                y1="4"
                y2="4"
                strokeWidth={kind === 'area' ? 8 : 2}
                strokeDasharray={one.dash?.join(' ')}
              />
            </svg>
            {one.label}
            <strong className={styles['value']}>{valueAt(one)}</strong>
          </span>
        ))}
      </div>
      {/* A table does not shrink to the pixel that it is given; what is around it does. */}
      <div className="sr-only">
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map((one) => (
                <th key={one.key} scope="col">
                  {one.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.slice(-MAX_ROWS).map((time, n) => {
              const index = Math.max(0, times.length - MAX_ROWS) + n;
              return (
                <tr key={time}>
                  <th scope="row">{formatAbsolute(new Date(time * 1_000), zone)}</th>
                  {series.map((one) => (
                    <td key={one.key}>
                      {typeof one.values[index] === 'number' ? format(one.values[index]) : 'not known'}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

/** Where a value has no neighbour. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const known = (at: number): boolean => typeof values[at] === 'number';
  return Array.from({ length: values.length }, (_, at) => at).filter(
    (at) => known(at) && !known(at - 1) && !known(at + 1),
  );
}

function dataOf(times: readonly number[], series: readonly ChartSeries[], kind: 'area' | 'line'): uPlot.AlignedData {
  const lines = kind === 'area' ? stack(series).toReversed() : series.map((one) => [...one.values]);
  return [[...times], ...lines];
}
