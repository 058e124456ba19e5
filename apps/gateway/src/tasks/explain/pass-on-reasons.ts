import type { ReasonDocument } from '@lovage/http-api';
import type { ExplainedTask, TaskPassedOn } from '@lovage/ports';
import { iso, reason, seconds } from './reason.ts';

/** What a worker must have, for people. */
function wanted(name: string, passedOn: TaskPassedOn | null): string {
  if (passedOn?.reason === 'newer_version') return `version ${passedOn.version} of ${name}`;
  if (passedOn?.reason === 'other_schema') return `${name} with the schema that its input was made by`;
  return name;
}

function needs(passedOn: TaskPassedOn | null) {
  return { version: passedOn?.version ?? null, fingerprint: passedOn?.fingerprint ?? null };
}

/** No live worker of its queue can run it: it waits for one that comes. */
export function noWorkerForContract({
  task,
  outbox,
  passedOn,
  serveQueue,
  serving,
  elsewhere,
}: ExplainedTask): ReasonDocument {
  const { queue, name } = task;
  const [first] = elsewhere;
  const others = first ? `; worker ${first.worker} serves it in queue ${first.queues.join(', ')}` : '';
  return reason(
    'no_worker_for_contract',
    `none of the ${serveQueue} live workers of queue ${queue} serves ${wanted(name, passedOn)}: the task waits until one comes that does${others}`,
    {
      since: passedOn?.since ?? undefined,
      data: {
        ...{ queue, name, workers: serveQueue, needs: needs(passedOn), serving, elsewhere },
        triedAgainAt: passedOn && outbox ? iso(outbox.dueAt) : null,
      },
    },
  );
}

/** A worker got it that cannot run it, while another can. */
export function passedOnReason({ now, task }: ExplainedTask, passedOn: TaskPassedOn, dueAt: number): ReasonDocument {
  const text = `a worker got it that does not serve ${wanted(task.name, passedOn)}: it is sent again in ${seconds(dueAt - now)}, for one that does`;
  return reason('passed_on', text, {
    until: dueAt,
    data: { name: task.name, reason: passedOn.reason, times: passedOn.times, needs: needs(passedOn) },
  });
}
