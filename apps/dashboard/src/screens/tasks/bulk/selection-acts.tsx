import { Ban, RotateCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { MAX_PICKED } from '../../../api/queries/bulk.ts';
import { useMay } from '../../../api/use-session.ts';
import { Button } from '../../../ui/button.tsx';
import { plural } from '../../../ui/format.ts';
import { SelectionBar } from '../../../ui/table/selection-bar.tsx';
import type { TaskQuery } from '../filter/query.ts';
import type { ShownTask } from '../live-rows.ts';
import { ACT_STATES, bulkFilter, type TaskAct } from './bulk-filter.ts';
import { BulkDialog } from '../../../parts/bulk/bulk-dialog.tsx';

export interface SelectionActsProps {
  readonly rows: readonly ShownTask[];
  readonly selected: ReadonlySet<string>;
  /** All that match are meant, loaded or not. */
  readonly all: boolean;
  readonly matching: number | undefined;
  readonly query: TaskQuery;
  readonly onAll: () => void;
  readonly onClear: () => void;
}

const ACTS: readonly { readonly act: TaskAct; readonly label: string; readonly icon: React.ReactNode }[] = [
  { act: 'task.retry', label: 'Run again', icon: <RotateCw size={14} /> },
  { act: 'task.revoke', label: 'Revoke', icon: <Ban size={14} /> },
  { act: 'task.delete', label: 'Delete', icon: <Trash2 size={14} /> },
];

/** What can be done to the selected tasks: a bulk job, of these by their ids, or of all that match. */
export function SelectionActs({ rows, selected, all, matching, query, onAll, onClear }: SelectionActsProps) {
  const may = useMay('operator');
  const mayDelete = useMay('admin');
  const [act, setAct] = useState<TaskAct>();
  // As they were when the act was chosen: their states change while the dialog asks.
  const [picked, setPicked] = useState<readonly string[]>([]);
  if (!may) return null;
  const tasks = all ? [] : rows.map(({ task }) => task).filter(({ id }) => selected.has(id));
  const meant = (one: TaskAct) => tasks.filter(({ state }) => ACT_STATES[one].includes(state));
  const filter = act && all ? bulkFilter(query, act) : undefined;
  const done = (): void => {
    setAct(undefined);
    onClear();
  };
  return (
    <>
      <SelectionBar
        count={selected.size}
        noun="task"
        matching={matching}
        allMatching={all}
        onAllMatching={onAll}
        onClear={onClear}
      >
        {ACTS.filter((one) => mayDelete || one.act !== 'task.delete').map((one) => (
          <Button
            key={one.act}
            small
            icon={one.icon}
            disabled={all ? bulkFilter(query, one.act) === undefined : meant(one.act).length === 0}
            onClick={() => {
              setPicked(
                meant(one.act)
                  .slice(0, MAX_PICKED)
                  .map(({ id }) => id),
              );
              setAct(one.act);
            }}
          >
            {one.label}
          </Button>
        ))}
      </SelectionBar>
      {act && filter && <BulkDialog act={act} filter={filter} onClose={() => setAct(undefined)} onStarted={done} />}
      {act && !all && (
        <BulkDialog
          act={act}
          ids={picked}
          note={noteOf(act, tasks.length - picked.length)}
          onClose={() => setAct(undefined)}
          onStarted={done}
        />
      )}
    </>
  );
}

/** What of the selection is left alone, and why. */
function noteOf(act: TaskAct, left: number): string | undefined {
  if (left === 0) return undefined;
  const reason = act === 'task.revoke' ? 'ended already' : 'not ended yet';
  return `${plural(left, 'selected task')} ${left === 1 ? 'is' : 'are'} left alone: ${reason}, or beyond the ${MAX_PICKED} of one job.`;
}
