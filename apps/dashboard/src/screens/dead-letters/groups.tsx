import { Redo2, Trash2 } from 'lucide-react';
import type { DeadLetterGroups } from '@lovage/http-api';
import { useMay } from '../../api/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { formatWhole, plural } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './dead-letters.module.css';
import { byReason, reasonInWords, type ReasonGroup } from './dead-letter-words.ts';
import type { DeadLettersSearch } from './search.ts';

export type GroupFilter = Pick<DeadLettersSearch, 'reason' | 'queue' | 'name' | 'text'>;

export interface GroupsProps {
  readonly groups: DeadLetterGroups;
  readonly chosen: GroupFilter;
  readonly onChoose: (filter: GroupFilter) => void;
  readonly onAct: (act: 'redrive' | 'delete', filter: GroupFilter) => void;
}

/** Dead letters that nobody has redriven, by why they died: how many, where, and what can be done to all of them. */
export function Groups({ groups: { items, approximate }, chosen, onChoose, onAct }: GroupsProps) {
  return (
    <section className={styles['groups']} aria-label="By reason">
      {byReason(items).map((group) => (
        <Group
          key={group.reason}
          group={group}
          approximate={approximate}
          chosen={chosen}
          onChoose={onChoose}
          onAct={onAct}
        />
      ))}
    </section>
  );
}

interface GroupProps extends Omit<GroupsProps, 'groups'> {
  readonly group: ReasonGroup;
  readonly approximate: boolean;
}

/** Parts of a group that are shown; the list below has the others. */
const MOST_PARTS = 6;

function Group({ group, approximate, chosen, onChoose, onAct }: GroupProps) {
  const may = useMay('operator');
  const { reason, count, firstAt, lastAt, parts } = group;
  const whole = chosen.reason === reason && !chosen.queue && !chosen.name;
  return (
    <article className={cx(styles['group'], chosen.reason === reason && styles['chosen'])}>
      <header className={styles['head']}>
        <button
          type="button"
          className={styles['reason']}
          aria-pressed={whole}
          onClick={() => onChoose(whole ? {} : { reason })}
        >
          {reason}
        </button>
        <span className={styles['count']}>
          {approximate ? 'at least ' : ''}
          {plural(count, 'message')}
        </span>
      </header>
      <p className="muted">
        {reasonInWords(reason)} First <RelativeTime value={firstAt} />, last <RelativeTime value={lastAt} />.
      </p>
      <ul className={styles['parts']}>
        {parts.slice(0, MOST_PARTS).map(({ queue, name, code, count: n }) => (
          <li key={[queue, name, code].join('\0')}>
            <button
              type="button"
              className={styles['part']}
              aria-pressed={chosen.reason === reason && chosen.queue === queue && chosen.name === (name ?? undefined)}
              onClick={() => onChoose({ reason, queue, ...(name !== null && { name }) })}
            >
              <strong>{formatWhole(n)}</strong> {name ?? code ?? 'without a name'}{' '}
              <span className="muted">in {queue}</span>
            </button>
          </li>
        ))}
        {parts.length > MOST_PARTS && <li className="muted">and {formatWhole(parts.length - MOST_PARTS)} more</li>}
      </ul>
      {may && (
        <footer className={styles['acts']}>
          <Button small icon={<Redo2 size={14} />} onClick={() => onAct('redrive', { reason })}>
            Redrive all
          </Button>
          <Button small kind="ghost" icon={<Trash2 size={14} />} onClick={() => onAct('delete', { reason })}>
            Delete all
          </Button>
        </footer>
      )}
    </article>
  );
}
