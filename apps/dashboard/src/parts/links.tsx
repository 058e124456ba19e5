import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { cutMiddle } from '../ui/format.ts';
import { filterOf, type TaskScope } from './task-filter.ts';

/** The list of tasks that fit. */
export function TasksLink({ of, children }: { of: TaskScope; children: ReactNode }) {
  return (
    <Link to="/tasks" search={{ q: filterOf(of) }}>
      {children}
    </Link>
  );
}

export function TaskLink({ id }: { id: string }) {
  return (
    <Link to="/tasks/$id" params={{ id }} className="mono" title={id}>
      {cutMiddle(id)}
    </Link>
  );
}

export function QueueLink({ name }: { name: string }) {
  return (
    <Link to="/queues/$name" params={{ name }}>
      {name}
    </Link>
  );
}

/** `worker`: a name, or the id of one start of it. */
export function WorkerLink({ worker, children = worker }: { worker: string; children?: ReactNode }) {
  return (
    <Link to="/workers/$worker" params={{ worker }}>
      {children}
    </Link>
  );
}
