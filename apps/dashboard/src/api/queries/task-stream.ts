import { useEffect, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { FollowedTask, TaskDocument, TaskLogLine } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import { path } from '../client.ts';
import { parseJson } from '../json.ts';
import { follow, type FollowStatus } from '../live/follow.ts';
import { taskKeys, taskQuery } from './tasks.ts';

/** Log lines come in bursts; they are drawn together, ms. */
const DRAW_MS = 100;

export interface TaskStream {
  /** Oldest first. */
  readonly logs: readonly TaskLogLine[];
  readonly status: FollowStatus;
}

const NOTHING: TaskStream = { logs: [], status: { kind: 'connecting' } };

/** Follows a task: its document in the cache stays as the stream tells it; its log lines are given. */
export function useTaskStream(id: string): TaskStream {
  const client = useQueryClient();
  const [state, setState] = useState({ id, ...NOTHING });
  useEffect(() => {
    const seen = new Map<number, TaskLogLine>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      timer = undefined;
      const logs = [...seen.values()].sort((a, b) => a.no - b.no);
      setState((before) => ({ ...before, id, logs }));
    };
    const change = (patch: Partial<TaskDocument>): void => {
      client.setQueryData<TaskDocument>(taskKeys.one(id), (before) => before && { ...before, ...patch });
    };
    const onState = ({ href: _href, omitted, ...task }: FollowedTask): void => {
      // What is too large for the stream is read on its own.
      const whole = Object.fromEntries(Object.entries(task).filter(([name]) => !omitted.includes(name as never)));
      change(whole as Partial<TaskDocument>);
      if (omitted.length > 0) void client.invalidateQueries({ queryKey: taskKeys.one(id), exact: true });
      for (const part of ['attempts', 'explain'])
        void client.invalidateQueries({ queryKey: [...taskKeys.one(id), part] });
    };
    const stop = follow({
      path: path('/api/tasks', id, 'events'),
      onStatus: (status) => setState((before) => ({ ...before, id, status })),
      onEvent: ({ event, data }) => {
        const value = parseJson(data);
        if (event === 'state') onState(value as FollowedTask);
        else if (event === 'progress') change(value as Pick<TaskDocument, 'progress'>);
        else if (event === 'log') {
          const line = value as TaskLogLine;
          seen.set(line.no, line);
          timer ??= setTimeout(draw, DRAW_MS);
        }
      },
      endsAfter: ({ event, data }) => event === 'state' && isTerminal((parseJson(data) as FollowedTask).state),
    });
    // Before the first event there may be nothing in the cache to change.
    void client.ensureQueryData(taskQuery(id)).catch(() => undefined);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [id, client]);
  return state.id === id ? state : NOTHING;
}
