import { SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import type { WorkerDetail } from '@lovage/http-api';
import { useSteerWorker, type Steering } from '../../api/queries/worker-control.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { useToast } from '../../ui/toast.tsx';
import { WORKER_ACTS, type WorkerAct } from './worker-act.ts';

/** What an operator can do to a worker that runs. */
export function WorkerActs({ worker }: { worker: WorkerDetail }) {
  const may = useMay('operator');
  const [act, setAct] = useState<WorkerAct>();
  if (!may || worker.goneAt !== null || worker.status === 'dead') return null;
  return (
    <>
      <Menu trigger={<Button icon={<SlidersHorizontal size={14} />}>Steer the worker</Button>}>
        {WORKER_ACTS.map((one) => (
          <MenuItem key={one.label} danger={one.danger ?? false} onSelect={() => setAct(one)}>
            {one.label}
          </MenuItem>
        ))}
      </Menu>
      {act && <ActDialog key={act.label} act={act} worker={worker} onClose={() => setAct(undefined)} />}
    </>
  );
}

/** Asks for what the act needs, and says what it does before it is done. */
function ActDialog({ act, worker, onClose }: { act: WorkerAct; worker: WorkerDetail; onClose: () => void }) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(act.fields.map(({ name, initial }) => [name, initial?.(worker) ?? ''])),
  );
  const steer = useSteerWorker(worker.name);
  const say = useToast();
  const errors = act.fields.map((field) => field.wrong(values[field.name]!.trim()));
  const steering: Steering | undefined = errors.every((error) => error === undefined)
    ? act.steering(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.trim()])))
    : undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title={act.title(worker.name)}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind={act.danger ? 'danger' : 'primary'}
            busy={steer.isPending}
            disabled={steering === undefined}
            onClick={() =>
              steering &&
              steer.mutate(steering, {
                onSuccess: ({ answers }) => {
                  say(answers.length > 0 ? act.done : 'It was told, and has not answered');
                  onClose();
                },
              })
            }
          >
            {act.verb}
          </Button>
        </>
      }
    >
      <p>{act.effect}</p>
      {act.fields.map((field, n) => (
        <TextField
          key={field.name}
          label={field.label}
          help={field.help}
          value={values[field.name]!}
          error={values[field.name] === '' ? undefined : errors[n]}
          maxLength={255}
          onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
        />
      ))}
      {steer.error && <ApiErrorState what="It was not done" error={steer.error} />}
    </Dialog>
  );
}
