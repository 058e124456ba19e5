import type { ListedTask } from '@lovage/http-api';
import { ArrowDownUp } from 'lucide-react';
import { IconButton } from '../../ui/button.tsx';
import { Menu, MenuChoice } from '../../ui/menu.tsx';
import type { Sort } from '../../ui/table/column.ts';
import type { TaskListFilter } from './filter/filter.ts';
import type { TasksSearch } from './search.ts';
import { TASK_COLUMNS } from './task-columns.tsx';

type Order = TasksSearch['sort'];

/** In the order of ends, the usual columns with the end in place of the making. */
export const ENDED_COLUMNS: readonly string[] = TASK_COLUMNS.filter(({ optional, key }) =>
  optional ? key === 'ended' : key !== 'created',
).map(({ key }) => key);

/** Orders that the gateway gives in the same time at any number of tasks; there are no others. */
export function OrderMenu({ sort, onChange }: { sort: Order; onChange: (sort: Order) => void }) {
  return (
    <Menu
      trigger={
        <IconButton label="Order of the list" kind="plain">
          <ArrowDownUp size={15} />
        </IconButton>
      }
    >
      <MenuChoice
        label="Order"
        value={sort ?? 'newest'}
        onChange={(next) => onChange(next === 'newest' ? undefined : next)}
        options={[
          { value: 'newest', label: 'Made last' },
          { value: 'oldest', label: 'Made first' },
          { value: 'ended', label: 'Ended last' },
        ]}
      />
    </Menu>
  );
}

/** The order as the heads of columns show it. */
export function sortOf(order: Order): Sort {
  return order === 'ended' ? { key: 'ended', descending: true } : { key: 'created', descending: order !== 'oldest' };
}

/** What a head of a column asks for. What ended first is not offered: then it is the newest again. */
export function sortNamed({ key, descending }: Sort): Order {
  if (key === 'ended') return descending ? 'ended' : undefined;
  return descending ? undefined : 'oldest';
}

/** The part of a filter that goes on behind a task. */
export function beyond(
  filter: TaskListFilter,
  last: ListedTask,
  order: Order,
): Pick<TaskListFilter, 'created' | 'ended'> {
  if (order === 'oldest') return { created: { ...filter.created, from: last.createdAt } };
  if (order === 'ended' && last.finishedAt !== null) return { ended: { ...filter.ended, to: last.finishedAt } };
  return { created: { ...filter.created, to: last.createdAt } };
}
