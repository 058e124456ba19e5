import { builtinArguments, startsCanvas, type RawCall } from '@lovage/celery';
import type { CanvasEnd, CanvasOwner, Log, TaskCanvas } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { DueSender } from './due-sender.ts';
import { STATES, type Ended, type Over, type SettledRecord } from '../record/ended.ts';
import type { Outcome } from '../run/outcome.ts';

/** What follows the ends of tasks that came with a canvas. */
export class CanvasEnds {
  constructor(
    private readonly canvas: TaskCanvas,
    private readonly log: Log,
    /** Sends what the ends put into the outbox; without it the relay does. */
    private readonly sender?: Pick<DueSender, 'wake'>,
  ) {}

  /** What is to be recorded of this end: with what it brings about; as another end where that cannot be done. Never rejects. */
  async follow(entry: TaskEntry, outcome: Outcome): Promise<Ended> {
    if (outcome.kind === 'postponed') return { entry, outcome };
    const end = endOf(outcome);
    const followed = await this.canvas.follow(ownerOf(entry), end);
    if (followed.kind === 'retry') {
      const { delayMs } = followed;
      return { entry, outcome: { kind: 'postponed', how: 'snooze', delayMs, error: null } };
    }
    entry.followedBy(followed.children);
    const { followUps } = followed;
    if (followed.end === end) return { entry, outcome, followUps };
    if (outcome.kind === 'succeeded' && followed.end.state === 'SUCCESS')
      return { entry, outcome: { ...outcome, result: followed.end.result ?? outcome.result }, followUps };
    return { entry, outcome: { kind: 'failed', error: followed.end.error! }, followUps };
  }

  /** The end is written. What cannot be done now is done from the row, by beat. Never rejects. */
  async settled({ kind, entry, outcome }: SettledRecord): Promise<void> {
    if (kind !== 'recorded' || outcome.kind === 'postponed') return;
    if (entry.children !== undefined) this.sender?.wake();
    try {
      const submitted = await this.canvas.ended(ownerOf(entry), endOf(outcome));
      if (submitted > 0) this.sender?.wake();
    } catch (error) {
      this.log.warn({ err: error, task: entry.id }, 'the end of a task cannot be counted in its chord now; later');
    }
  }
}

function endOf(outcome: Over): CanvasEnd {
  return outcome.kind === 'succeeded'
    ? { state: 'SUCCESS', result: outcome.result, error: null }
    : { state: STATES[outcome.kind], result: null, error: outcome.error };
}

function ownerOf({ task, newTask }: TaskEntry): CanvasOwner {
  const { id, name, rootId, group, groupIndex, embed, extraHeaders: headers } = task;
  const kwargs = startsCanvas(name) ? startArguments(name, task.kwargs as unknown as RawCall) : task.kwargs;
  return { ...{ id, name, rootId, group, groupIndex, headers, kwargs }, queue: newTask.queue, embed: { ...embed } };
}

/** The handler has refused a call that does not fit. */
function startArguments(name: string, call: RawCall): Readonly<Record<string, unknown>> {
  try {
    return builtinArguments(name, call);
  } catch {
    return {};
  }
}
