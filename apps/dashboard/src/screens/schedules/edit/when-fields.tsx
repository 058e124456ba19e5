import { useMemo } from 'react';
import { Combobox } from '../../../ui/combobox.tsx';
import { Segments } from '../../../ui/segments.tsx';
import { Select, TextField } from '../../../ui/text-field.tsx';
import { Moments } from '../moments.tsx';
import styles from '../schedule.module.css';
import { whenInWords } from '../schedule-words.ts';
import type { ScheduleForm } from './schedule-form.ts';

export interface WhenFieldsProps {
  readonly form: ScheduleForm;
  readonly change: (part: Partial<ScheduleForm>) => void;
  readonly errorAt: (path: string) => string | undefined;
  /** The next moments, as the gateway tells them; none: it cannot be read yet. */
  readonly next: readonly string[];
}

/** When it fires: the pattern in words and its next moments, while it is typed. */
export function WhenFields({ form, change, errorAt, next }: WhenFieldsProps) {
  const zones = useMemo(
    () => [...new Set(['UTC', form.timeZone, ...Intl.supportedValuesOf('timeZone')])],
    [form.timeZone],
  );
  const isCron = form.when === 'cron';
  return (
    <fieldset className={styles['when']}>
      <legend className="sr-only">When it fires</legend>
      <div className={styles['fields']}>
        <div className={styles['whole']}>
          <Segments
            label="When it fires"
            value={form.when}
            options={[
              { value: 'cron', label: 'Cron pattern' },
              { value: 'every', label: 'Interval' },
            ]}
            onChange={(when) => change({ when })}
          />
        </div>
        {isCron ? (
          <>
            <TextField
              label="Pattern"
              help="Minute, hour, day, month, weekday; with a sixth field in front: seconds. Also @daily, L, #, W"
              error={errorAt('cron')}
              mono
              value={form.cron}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => change({ cron: event.target.value })}
            />
            <Combobox
              label="Time zone"
              value={form.timeZone}
              options={zones}
              empty="No zone has this name"
              onChange={(timeZone) => change({ timeZone: timeZone ?? 'UTC' })}
            />
          </>
        ) : (
          <TextField
            label="Every"
            help="30s, 10m, 1h, 1d. Counted from 1970-01-01 UTC: 1h comes at each full hour"
            error={errorAt('every')}
            mono
            value={form.every}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => change({ every: event.target.value })}
          />
        )}
        <Select
          label="Missed moments"
          help="When no beat ran, or the database was away"
          value={form.catchUp}
          options={[
            { value: 'latest', label: 'The newest fires' },
            { value: 'skip', label: 'Are left out' },
            { value: 'all', label: 'Each fires, the newest …' },
          ]}
          onChange={(catchUp) => change({ catchUp: catchUp as ScheduleForm['catchUp'] })}
        />
        {form.catchUp === 'all' && (
          <TextField
            label="At most so many"
            error={errorAt('catchUp')}
            inputMode="numeric"
            value={form.all}
            onChange={(event) => change({ all: event.target.value })}
          />
        )}
      </div>
      <div className={styles['moments']} role="status" aria-label="Next firings">
        {next.length === 0 ? (
          <p className="muted">The next firings show here once the {isCron ? 'pattern' : 'interval'} can be read.</p>
        ) : (
          <>
            <p className={styles['words']}>
              {isCron
                ? whenInWords({ cron: form.cron.trim(), every: null, timeZone: form.timeZone })
                : `Every ${form.every}`}
            </p>
            <Moments of={next} />
          </>
        )}
      </div>
    </fieldset>
  );
}
