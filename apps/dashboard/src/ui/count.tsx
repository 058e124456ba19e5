import { formatCount, formatWhole } from './format.ts';

/** A number; short from 10,000 on, with the whole on hover. */
export function Count({ value, unit }: { value: number | null | undefined; unit?: string }) {
  if (value === null || value === undefined) return <>–</>;
  return (
    <span title={unit ? `${formatWhole(value)} ${unit}` : formatWhole(value)}>
      {formatCount(value)}
      {unit && ` ${unit}`}
    </span>
  );
}
