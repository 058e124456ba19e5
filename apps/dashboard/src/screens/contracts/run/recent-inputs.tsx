import type { ListedTask } from '@lovage/http-api';
import { History } from 'lucide-react';
import { formatJson } from '../../../api/json.ts';
import { readTask } from '../../../api/queries/contracts.ts';
import { useTasks } from '../../../api/queries/tasks.ts';
import { useToast } from '../../../ui/toast.tsx';
import { Button } from '../../../ui/button.tsx';
import { Menu, MenuItem, MenuText } from '../../../ui/menu.tsx';
import { RelativeTime } from '../../../ui/time/relative-time.tsx';
import styles from './run.module.css';

const SHOWN = 60;

/** Inputs of the latest tasks of a contract, to begin with. */
export function RecentInputs({ contract, onChoose }: { contract: string; onChoose: (input: unknown) => void }) {
  const tasks = useTasks({ name: contract, limit: 30 }, false);
  const toast = useToast();
  const seen = new Set<string>();
  const items = (tasks.data?.items ?? []).filter((task) => {
    const text = task.omitted.includes('input') ? task.id : formatJson(task.input);
    return !seen.has(text) && seen.add(text) && seen.size <= 10;
  });
  const choose = (task: ListedTask): void => {
    if (!task.omitted.includes('input')) return onChoose(task.input);
    readTask(task.id).then(
      ({ input }) => onChoose(input),
      () => toast('The input could not be read', 'Try again.'),
    );
  };
  return (
    <Menu
      align="start"
      trigger={
        <Button small icon={<History size={14} />}>
          Recent inputs
        </Button>
      }
    >
      {items.length === 0 && <MenuText>No task of this contract is kept.</MenuText>}
      {items.map((task) => (
        <MenuItem key={task.id} onSelect={() => choose(task)}>
          <span className={styles['recent']}>
            <code>{cut(task.omitted.includes('input') ? 'A large input' : formatJson(task.input))}</code>
            <span className="muted">
              <RelativeTime value={task.createdAt} />
            </span>
          </span>
        </MenuItem>
      ))}
    </Menu>
  );
}

const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
