import { formatWhole } from '../../ui/format.ts';
import styles from './contracts.module.css';

/** How many of the ended tasks failed: `3.2 %`, with the number on hover. */
export function ErrorRate({ ended, failed }: { ended: number; failed: number }) {
  if (ended === 0) return <>–</>;
  const percent = (failed / ended) * 100;
  const text = failed === 0 ? '0 %' : percent < 0.1 ? '< 0.1 %' : `${Number(percent.toFixed(1))} %`;
  return (
    <span
      className={failed > 0 ? styles['failed'] : undefined}
      title={`${formatWhole(failed)} of ${formatWhole(ended)}`}
    >
      {failed > 0 && <span aria-hidden>✕ </span>}
      {text}
    </span>
  );
}
