import { Link } from '@tanstack/react-router';
import type { BulkAction, FailureGroupDocument } from '@lovage/http-api';
import { RotateCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useFailureGroup } from '../../api/queries/failures.ts';
import { useTask } from '../../api/queries/tasks.ts';
import { useMay } from '../../api/use-session.ts';
import { BulkDialog } from '../../parts/bulk/bulk-dialog.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Sparkline } from '../../ui/chart/sparkline.tsx';
import { Sheet } from '../../ui/dialog.tsx';
import { formatWhole } from '../../ui/format.ts';
import { Details } from '../../ui/page.tsx';
import { useToast } from '../../ui/toast.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './failures.module.css';

/** A group of failures: what they have in common, one of them, and what can be done to all. */
export function GroupSheet({ id, last, onClose }: { id: string; last: number; onClose: () => void }) {
  const group = useFailureGroup(id, last);
  const may = useMay('operator');
  const mayDelete = useMay('admin');
  const toast = useToast();
  const [act, setAct] = useState<BulkAction>();
  if (act)
    return (
      <BulkDialog
        act={act}
        filter={{ failureGroup: id }}
        onClose={() => setAct(undefined)}
        onStarted={() => {
          setAct(undefined);
          onClose();
          toast('The job has started', 'Its progress stands above the list.');
        }}
      />
    );
  return (
    <Sheet
      open
      onClose={onClose}
      title={group.data?.type ?? 'Failures'}
      actions={
        <>
          <Link to="/tasks" search={{ q: `group:${id}` }}>
            Show its tasks
          </Link>
          {mayDelete && (
            <Button kind="danger" icon={<Trash2 size={14} />} onClick={() => setAct('task.delete')}>
              Delete all of them
            </Button>
          )}
          {may && (
            <Button kind="primary" icon={<RotateCw size={14} />} onClick={() => setAct('task.retry')}>
              Run all of them again
            </Button>
          )}
        </>
      }
    >
      <Loaded query={group} what="The group could not be read">
        {(data) => <Group group={data} />}
      </Loaded>
    </Sheet>
  );
}

function Group({ group }: { group: FailureGroupDocument }) {
  const { contract, message, stack, count, trend, firstSeenAt, lastSeenAt, sampleTaskId } = group;
  return (
    <div className={styles['stack']}>
      <pre className={styles['whole']}>
        {message ?? 'Failures of other kinds, which are too many to be told apart.'}
      </pre>
      <Details
        items={[
          [
            'Contract',
            <Link key="contract" to="/contracts/$name" params={{ name: contract }} className="mono">
              {contract}
            </Link>,
          ],
          ['Failures in this time', formatWhole(count)],
          ['First seen', <RelativeTime key="first" value={firstSeenAt} />],
          ['Last seen', <RelativeTime key="last" value={lastSeenAt} />],
        ]}
      />
      <Sparkline label="Failures over the time" values={trend} color="--state-failure" width={280} height={40} />
      {stack.length > 0 && <CodeBlock code={stack.join('\n')} label="Stack" />}
      {sampleTaskId === null ? (
        <p className="muted">The task that failed last has been deleted.</p>
      ) : (
        <Sample id={sampleTaskId} />
      )}
    </div>
  );
}

/** The task that failed last, with its own words. */
function Sample({ id }: { id: string }) {
  const task = useTask(id, false);
  return (
    <div className={styles['stack']}>
      <p>
        Failed last:{' '}
        <Link to="/tasks/$id" params={{ id }} className="mono">
          {id}
        </Link>
      </p>
      {task.data?.error && <pre className={styles['whole']}>{task.data.error.message}</pre>}
    </div>
  );
}
