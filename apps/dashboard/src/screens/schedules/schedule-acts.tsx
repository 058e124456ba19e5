import { useNavigate } from '@tanstack/react-router';
import { CirclePause, CirclePlay, Ellipsis, Pencil, Play, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { ScheduleDocument } from '@lovage/http-api';
import { usePauseSchedule, useRemoveSchedule, useResumeSchedule, useRunSchedule } from '../../api/queries/schedules.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { useToast } from '../../ui/toast.tsx';

const ScheduleDialog = lazy(() =>
  import('./edit/schedule-dialog.tsx').then(({ ScheduleDialog: dialog }) => ({ default: dialog })),
);

type Confirmed = 'run' | 'pause' | 'resume' | 'remove';
type Act = Confirmed | 'edit';

/** What an operator can do to a schedule. `menu`: as the menu of a row. */
export function ScheduleActs({ schedule, menu }: { schedule: ScheduleDocument; menu?: boolean }) {
  const may = useMay('operator');
  const [act, setAct] = useState<Act>();
  if (!may) return null;
  const { name, paused, stated, source } = schedule;
  const acts: readonly { readonly act: Act; readonly label: string; readonly icon: React.ReactNode }[] = [
    { act: 'run', label: 'Run it now', icon: <Play size={14} /> },
    paused
      ? { act: 'resume', label: 'Resume the schedule', icon: <CirclePlay size={14} /> }
      : { act: 'pause', label: 'Pause the schedule', icon: <CirclePause size={14} /> },
    // What stands in code is changed there: a beat would restore what it has.
    ...(source === 'api' ? [{ act: 'edit' as const, label: 'Change the schedule', icon: <Pencil size={14} /> }] : []),
    ...(source === 'api' || !stated
      ? [{ act: 'remove' as const, label: 'Remove the schedule', icon: <Trash2 size={14} /> }]
      : []),
  ];
  return (
    <>
      {menu ? (
        <Menu
          trigger={
            <IconButton small label={`What to do with ${name}`}>
              <Ellipsis size={15} />
            </IconButton>
          }
        >
          {acts.map((one) => (
            <MenuItem key={one.act} icon={one.icon} danger={one.act === 'remove'} onSelect={() => setAct(one.act)}>
              {one.label}
            </MenuItem>
          ))}
        </Menu>
      ) : (
        acts.map((one) => (
          <Button key={one.act} icon={one.icon} onClick={() => setAct(one.act)}>
            {one.label}
          </Button>
        ))
      )}
      {act === 'edit' ? (
        <Suspense>
          <ScheduleDialog schedule={schedule} onClose={() => setAct(undefined)} onDone={() => setAct(undefined)} />
        </Suspense>
      ) : (
        act && <ActDialog act={act} schedule={schedule} onClose={() => setAct(undefined)} />
      )}
    </>
  );
}

const OWN_REMOVED = 'It does not fire any more. It is taken off the list; its history stays for as long as results do.';

const WORDS: Readonly<Record<Confirmed, { readonly verb: string; readonly what: string; readonly effect: string }>> = {
  run: {
    verb: 'Run it now',
    what: 'It did not fire',
    effect: 'It fires once, with the input that it has, also while it is paused. Its own moments stay as they are.',
  },
  pause: {
    verb: 'Pause the schedule',
    what: 'It was not paused',
    effect:
      'It does not fire until it is resumed, over restarts and releases too. What passes meanwhile is not caught up.',
  },
  resume: {
    verb: 'Resume the schedule',
    what: 'It was not resumed',
    effect: 'It fires at its next moment. What passed meanwhile is not caught up.',
  },
  remove: {
    verb: 'Remove the schedule',
    what: 'It was not removed',
    effect:
      'No beat that runs has it in its code, so nothing fires it. It is taken off the list; its history stays for as long as results do.',
  },
};

function ActDialog({ act, schedule, onClose }: { act: Confirmed; schedule: ScheduleDocument; onClose: () => void }) {
  const { name } = schedule;
  const run = useRunSchedule(name);
  const pause = usePauseSchedule(name);
  const resume = useResumeSchedule(name);
  const remove = useRemoveSchedule(name);
  const navigate = useNavigate();
  const say = useToast();
  const doing = { run, pause, resume, remove }[act];
  const { verb, what, effect } = WORDS[act];
  const confirm = (): void => {
    if (act === 'run')
      run.mutate(undefined, {
        onSuccess: ({ taskId }) => {
          say(`${name} fired`, `Its task: ${taskId}`);
          onClose();
        },
      });
    else if (act === 'remove')
      remove.mutate(undefined, { onSuccess: () => void navigate({ to: '/schedules' }).then(onClose) });
    else (act === 'pause' ? pause : resume).mutate(undefined, { onSuccess: onClose });
  };
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger={act === 'remove'}
      title={act === 'run' ? `Run ${name} now?` : `${verb.split(' ')[0]} ${name}?`}
      verb={verb}
      busy={doing.isPending}
      problem={doing.error && <ApiErrorState what={what} error={doing.error} />}
      onConfirm={confirm}
    >
      {act === 'remove' && schedule.source === 'api' ? OWN_REMOVED : effect}
    </ConfirmDialog>
  );
}
