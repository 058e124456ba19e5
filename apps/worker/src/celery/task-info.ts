import { pythonRepr, pythonTuple } from '@lovage/celery';
import { boundedJson } from '@lovage/foundation';
import type { HeldTask } from '@lovage/runtime';

/** Arguments longer than this, bytes of JSON, are told as the text that monitors show. */
const MAX_ARGS = 8192;

/** A task in hand as `inspect active` and its like tell it. `safe`: its arguments as text. */
export function taskInfo(held: HeldTask, node: string, safe: boolean): Readonly<Record<string, unknown>> {
  const { task, newTask, deliveries } = held;
  const runs = held.state === 'running';
  const [delivery] = deliveries;
  return {
    ...{ id: task.id, name: task.name, type: task.name, hostname: node },
    ...argumentsOf(held, safe),
    ...{ time_start: runs ? held.startedAt / 1000 : null, acknowledged: held.isSettled },
    delivery_info: {
      ...{ exchange: '', routing_key: newTask.queue },
      ...{ priority: delivery?.priority ?? null, redelivered: delivery?.redelivered ?? false },
    },
    worker_pid: runs ? process.pid : null,
  };
}

function argumentsOf({ task: { args, kwargs } }: HeldTask, safe: boolean): Readonly<Record<string, unknown>> {
  return !safe && isShort([args, kwargs]) ? { args, kwargs } : { args: pythonTuple(args), kwargs: pythonRepr(kwargs) };
}

/** No more of a long one is looked at. Whole numbers beyond a double go as text, too. */
function isShort(value: unknown): boolean {
  try {
    boundedJson(value, MAX_ARGS);
    return true;
  } catch {
    return false;
  }
}
