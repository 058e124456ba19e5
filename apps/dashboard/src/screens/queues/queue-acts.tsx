import { CirclePause, CirclePlay, Ellipsis, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { QueueDocument } from '@lovage/http-api';
import { usePauseQueue, usePurgeQueue, useResumeQueue } from '../../api/queries/queues.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { formatWhole, plural } from '../../ui/format.ts';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { useToast } from '../../ui/toast.tsx';

type Act = 'pause' | 'resume' | 'purge';

/** What an operator can do to a queue. `menu`: as the menu of a row. `approximate`: its numbers are estimates. */
export function QueueActs({
  queue,
  approximate,
  menu,
}: {
  queue: QueueDocument;
  approximate?: boolean;
  menu?: boolean;
}) {
  const may = useMay('operator');
  const [act, setAct] = useState<Act>();
  if (!may) return null;
  const change: Act = queue.paused ? 'resume' : 'pause';
  const icon = queue.paused ? <CirclePlay size={14} /> : <CirclePause size={14} />;
  const label = queue.paused ? 'Resume the queue' : 'Pause the queue';
  return (
    <>
      {menu ? (
        <Menu
          trigger={
            <IconButton small label={`What to do with ${queue.name}`}>
              <Ellipsis size={15} />
            </IconButton>
          }
        >
          <MenuItem icon={icon} onSelect={() => setAct(change)}>
            {label}
          </MenuItem>
          <MenuItem icon={<Trash2 size={14} />} danger disabled={queue.waiting === 0} onSelect={() => setAct('purge')}>
            Purge the queue
          </MenuItem>
        </Menu>
      ) : (
        <>
          <Button icon={icon} onClick={() => setAct(change)}>
            {label}
          </Button>
          <Button icon={<Trash2 size={14} />} disabled={queue.waiting === 0} onClick={() => setAct('purge')}>
            Purge the queue
          </Button>
        </>
      )}
      {act === 'pause' && <PauseDialog queue={queue} onClose={() => setAct(undefined)} />}
      {act === 'resume' && <ResumeDialog queue={queue} onClose={() => setAct(undefined)} />}
      {act === 'purge' && <PurgeDialog queue={queue} approximate={approximate} onClose={() => setAct(undefined)} />}
    </>
  );
}

interface DialogProps {
  readonly queue: QueueDocument;
  readonly onClose: () => void;
}

function PauseDialog({ queue, onClose }: DialogProps) {
  const pause = usePauseQueue(queue.name);
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Pause ${queue.name}?`}
      verb="Pause the queue"
      reason
      busy={pause.isPending}
      problem={pause.error && <ApiErrorState what="It was not paused" error={pause.error} />}
      onConfirm={(reason) => pause.mutate({ ...(reason && { reason }) }, { onSuccess: onClose })}
    >
      Within two seconds workers take nothing more from it.{' '}
      {queue.running > 0 && `The ${plural(queue.running, 'task')} that run now finish. `}
      What is submitted is accepted and waits. It stays paused, over restarts too, until somebody resumes it.
    </ConfirmDialog>
  );
}

function ResumeDialog({ queue, onClose }: DialogProps) {
  const resume = useResumeQueue(queue.name);
  const due = queue.waiting - queue.later;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Resume ${queue.name}?`}
      verb="Resume the queue"
      busy={resume.isPending}
      problem={resume.error && <ApiErrorState what="It was not resumed" error={resume.error} />}
      onConfirm={() => resume.mutate(undefined, { onSuccess: onClose })}
    >
      Workers take from it again.{' '}
      {due > 0 ? `${plural(due, 'task')} can start at once.` : 'Nothing waits at the moment.'}
    </ConfirmDialog>
  );
}

function PurgeDialog({ queue, approximate, onClose }: DialogProps & { readonly approximate?: boolean }) {
  const purge = usePurgeQueue(queue.name);
  const say = useToast();
  const what = `${approximate ? 'about ' : ''}${plural(queue.waiting, 'task')}`;
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={`Purge ${queue.name}: end ${what} that ${queue.waiting === 1 ? 'waits' : 'wait'}?`}
      verb={`End ${what}`}
      reason
      busy={purge.isPending}
      problem={purge.error && <ApiErrorState what="It was not purged to the end" error={purge.error} />}
      onConfirm={(reason) =>
        purge.mutate(
          { ...(reason && { reason }) },
          {
            onSuccess: (revoked) => {
              say(`${plural(revoked, 'task')} revoked`);
              onClose();
            },
          },
        )
      }
    >
      Every task that waits in it ends as revoked
      {queue.later > 0 && `, the ${formatWhole(queue.later)} that are delayed or wait for a retry included`}.{' '}
      {queue.running > 0 && `The ${plural(queue.running, 'task')} that run now are left alone. `}
      This cannot be undone, but the tasks can be run again.
    </ConfirmDialog>
  );
}
