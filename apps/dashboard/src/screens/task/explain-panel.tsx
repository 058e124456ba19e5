import { Link } from '@tanstack/react-router';
import type { ReasonDocument } from '@lovage/http-api';
import type { ReactNode } from 'react';
import { useExplain } from '../../api/queries/tasks.ts';
import { WorkerLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { cutMiddle, plural } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './task.module.css';

/** Why the task is where it is, the reason that decides first coming first, with links to what it names. */
export function ExplainPanel({ id, live }: { id: string; live: boolean }) {
  const explain = useExplain(id, live);
  return (
    <Panel title={live ? 'Why it is here' : 'How it ended'} className={styles['explain']}>
      <Loaded query={explain} what="It could not be explained" lines={2}>
        {({ reasons }) => (
          <ol className={styles['reasons']}>
            {reasons.map((reason, index) => (
              <Reason key={`${reason.code}${index}`} reason={reason} />
            ))}
            {reasons.length === 0 && <li className="muted">Nothing is known about it.</li>}
          </ol>
        )}
      </Loaded>
    </Panel>
  );
}

function Reason({ reason }: { reason: ReasonDocument }) {
  const links = linksOf(reason);
  return (
    <li className={styles['reason']}>
      <p>{sentence(reason.text)}</p>
      <p className={styles['more']}>
        {reason.since && (
          <span>
            since <RelativeTime value={reason.since} />
          </span>
        )}
        {reason.until && (
          <span>
            until <RelativeTime value={reason.until} />
          </span>
        )}
        {links.map(({ key, node }) => (
          <span key={key}>{node}</span>
        ))}
      </p>
    </li>
  );
}

const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Links to what a reason names in its data. */
function linksOf({ code, data }: ReasonDocument): { key: string; node: ReactNode }[] {
  const links: { key: string; node: ReactNode }[] = [];
  const queue = textOf(data['queue']);
  const worker = textOf(data['worker']);
  const contract = textOf(data['contract']);
  if (queue !== undefined)
    links.push({
      key: 'queue',
      node: (
        <Link to="/queues/$name" params={{ name: queue }}>
          Queue {queue}
        </Link>
      ),
    });
  if (worker !== undefined)
    links.push({ key: 'worker', node: <WorkerLink worker={worker}>Worker {worker}</WorkerLink> });
  if (contract !== undefined)
    links.push({
      key: 'limit',
      node: (
        <Link to="/limits/$name" params={{ name: contract }}>
          Limits of {contract}
        </Link>
      ),
    });
  if (code === 'dead_letter') links.push({ key: 'dead-letters', node: <Link to="/dead-letters">Dead letters</Link> });
  if (code === 'no_worker_for_queue' || code === 'no_worker_for_contract')
    links.push({ key: 'workers', node: <Link to="/workers">Workers</Link> });
  const holders = Array.isArray(data['holders']) ? (data['holders'] as { readonly id?: unknown }[]) : [];
  const ids = holders.flatMap(({ id }) => textOf(id) ?? []);
  if (ids.length > 0)
    links.push({
      key: 'holders',
      node: (
        <>
          {plural(ids.length, 'holder')}:{' '}
          {ids.slice(0, 5).map((id) => (
            <Link key={id} to="/tasks/$id" params={{ id }} className={styles['holder']}>
              {cutMiddle(id)}
            </Link>
          ))}
        </>
      ),
    });
  return links;
}
