import type { AttemptDocument, TaskDocument } from '@lovage/http-api';
import { TASK_STATES } from '@lovage/task';
import { STATE_TONES } from '../../parts/task-state.tsx';
import { cx } from '../../ui/cx.ts';
import { formatDuration } from '../../ui/format.ts';
import { StateIcon, type Tone } from '../../ui/state-icon.tsx';
import { formatAbsolute } from '../../ui/time/format-time.ts';
import { useNow } from '../../ui/time/now.ts';
import { useTimePreferences } from '../../ui/time/time-preferences.ts';
import { ticksOf, timelineOf, totals, type Track, type Stretch } from './spans.ts';
import styles from './timeline.module.css';

const KINDS: Readonly<Record<Stretch['kind'], string>> = { delayed: 'Delayed', waited: 'Waited', ran: 'Ran' };

/** How an attempt ended, as colour and shape. */
export function outcomeTone(outcome: Track['outcome']): Tone {
  if (outcome === undefined) return 'waiting';
  if ((TASK_STATES as readonly string[]).includes(outcome)) return STATE_TONES[outcome as keyof typeof STATE_TONES];
  return outcome === 'RETRY' ? 'retry' : outcome === 'SNOOZED' || outcome === 'RELEASED' ? 'waiting' : 'dead';
}

export interface TimelineProps {
  readonly task: TaskDocument;
  readonly attempts: readonly AttemptDocument[];
}

/** What happened, to scale: a track for each attempt, with the wait before it. */
export function Timeline({ task, attempts }: TimelineProps) {
  const live = task.finishedAt === null;
  const now = useNow(live ? 1_000 : 3_600_000);
  const { zone } = useTimePreferences();
  const line = timelineOf(task, attempts, now);
  const length = line.to - line.from;
  const share = (from: number, to: number) => ({
    insetInlineStart: `${(100 * (from - line.from)) / length}%`,
    width: `${(100 * Math.max(0, to - from)) / length}%`,
  });
  const sums = totals(line, now);
  return (
    <figure className={styles['timeline']} aria-label="Timeline">
      <figcaption className={styles['sums']}>
        {(Object.keys(KINDS) as Stretch['kind'][])
          .filter((kind) => sums[kind] > 0)
          .map((kind) => (
            <span key={kind} className={styles['sum']}>
              <span className={cx(styles['key'], styles[kind])} aria-hidden /> {KINDS[kind]}{' '}
              {formatDuration(sums[kind])}
            </span>
          ))}
        <span className="muted">
          {formatAbsolute(new Date(line.from), zone, true)}{' '}
          {line.goesOn ? 'until now' : `until ${formatAbsolute(new Date(line.to), zone, true)}`}
        </span>
        {line.left > 0 && <span className="muted">{line.left} earlier attempts are in the tab Attempts</span>}
      </figcaption>
      <ol className={styles['tracks']}>
        {line.tracks.map((track, index) => (
          <li key={track.no ?? 'next'} className={styles['track']}>
            <span className={styles['name']}>
              <StateIcon tone={outcomeTone(track.outcome)} />
              <span className={styles['nameText']}>
                {track.no === undefined ? (line.goesOn ? 'Next' : 'Not run') : `Attempt ${track.no}`}
              </span>
            </span>
            <span className={styles['track']}>
              {track.stretches.map((stretch) => {
                const to = stretch.to ?? now;
                const text = `${KINDS[stretch.kind]} ${formatDuration(to - stretch.from)}${stretch.to === undefined ? ' so far' : ''}`;
                const when = `${formatAbsolute(new Date(stretch.from), zone, true)} – ${stretch.to === undefined ? 'now' : formatAbsolute(new Date(to), zone, true)}`;
                const by = stretch.kind === 'ran' && track.worker !== null ? `\nby ${track.worker}` : '';
                const how =
                  stretch.kind === 'ran' && track.outcome !== undefined
                    ? `\n${track.outcome}${track.error ? `: ${track.error.type}` : ''}`
                    : '';
                return (
                  <span
                    key={stretch.kind}
                    className={cx(
                      styles['stretch'],
                      styles[stretch.kind],
                      stretch.kind === 'ran' && styles[outcomeTone(track.outcome)],
                      stretch.to === undefined && styles['goesOn'],
                    )}
                    style={share(stretch.from, to)}
                    title={`${text}\n${when}${by}${how}`}
                    role="img"
                    aria-label={`${text}, ${when}${by}${how}`}
                  >
                    {(to - stretch.from) / length > 0.12 && (
                      <span className={styles['text']}>{formatDuration(to - stretch.from)}</span>
                    )}
                  </span>
                );
              })}
              {index === 0 && line.goesOn && line.to > now && (
                <span className={styles['now']} style={share(now, now)} aria-hidden />
              )}
            </span>
          </li>
        ))}
      </ol>
      <div className={styles['axis']} aria-hidden>
        {ticksOf(length * 0.93).map((tick) => (
          <span key={tick} className={styles['tick']} style={{ insetInlineStart: `${(100 * tick) / length}%` }}>
            {tick === 0 ? '0' : `+${formatDuration(tick)}`}
          </span>
        ))}
      </div>
    </figure>
  );
}
