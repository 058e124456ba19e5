import { Dialog as Base } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState, type KeyboardEvent } from 'react';
import { includesRole } from '@lovage/http-api';
import { useContracts, useQueues } from '../../api/queries/lists.ts';
import { useUser } from '../../api/use-session.ts';
import { cx } from '../../ui/cx.ts';
import { taskIdIn } from '../task-id.ts';
import styles from './palette.module.css';
import { PLACES } from './places.ts';

/** Hits of one kind, at most. */
const MOST = 8;

interface Hit {
  readonly kind: string;
  readonly name: string;
  readonly go: () => void;
}

/** Search or jump: screens, contracts, queues, a task by its id, tasks by a text. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles['backdrop']} />
        <Base.Popup className={styles['popup']} aria-label="Search or jump">
          <Search onClose={onClose} />
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Search({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const hits = useHits(text.trim());
  const id = useId();
  const current = Math.min(at, Math.max(0, hits.length - 1));
  const run = (hit: Hit | undefined): void => {
    if (!hit) return;
    onClose();
    hit.go();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) setAt((current + step + hits.length) % Math.max(1, hits.length));
    else if (event.key === 'Enter') run(hits[current]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className={styles['input']}
        placeholder="A screen, a contract, a queue, a task id, or any text"
        aria-label="Search or jump"
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={hits.length > 0 ? `${id}-${current}` : undefined}
        value={text}
        maxLength={2_000}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Hits" className={styles['list']}>
        {hits.map((hit, n) => (
          <li
            key={`${hit.kind} ${hit.name}`}
            id={`${id}-${n}`}
            role="option"
            aria-selected={n === current}
            className={cx(styles['hit'], n === current && styles['current'])}
            onMouseMove={() => setAt(n)}
            onClick={() => run(hit)}
          >
            <span className={styles['name']}>{hit.name}</span>
            <span className={styles['kind']}>{hit.kind}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function useHits(text: string): Hit[] {
  const navigate = useNavigate();
  const { role } = useUser();
  const contracts = useContracts({}, { pollMs: false });
  const queues = useQueues({}, { pollMs: false });
  const wanted = text.toLowerCase();
  const fits = (name: string): boolean => name.toLowerCase().includes(wanted);
  const id = taskIdIn(text);
  const places = PLACES.filter((place) => includesRole(role, place.role) && fits(place.name));
  const named = (kind: string, names: readonly string[], go: (name: string) => void): Hit[] =>
    wanted === ''
      ? []
      : names
          .filter(fits)
          .slice(0, MOST)
          .map((name) => ({ kind, name, go: () => go(name) }));
  return [
    ...(id ? [{ kind: 'Task', name: id, go: () => void navigate({ to: '/tasks/$id', params: { id } }) }] : []),
    ...places.map(({ name, to }) => ({ kind: 'Screen', name, go: () => void navigate({ to }) })),
    ...named('Contract', contracts.data?.items.map((one) => one.name) ?? [], (name) => {
      void navigate({ to: '/contracts/$name', params: { name } });
    }),
    ...named('Queue', queues.data?.items.map((one) => one.name) ?? [], (name) => {
      void navigate({ to: '/queues/$name', params: { name } });
    }),
    ...(wanted !== '' && !id
      ? [
          {
            kind: 'Search',
            name: `Tasks with “${text}”`,
            go: () => void navigate({ to: '/tasks', search: { q: text } }),
          },
        ]
      : []),
  ];
}
