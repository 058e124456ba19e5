import { errorDetails } from '@lovage/foundation';
import type { Clock, Log, PassedOn, PassOnItem, PassOnLimits, TaskRow, TaskStore } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { misfitDocument, type HeldInputs, type HoldOutcome, type MisfitInput } from '../record/held-inputs.ts';
import type { Replies } from '../record/settler.ts';
import { NotRegistered } from '../run/abort-reasons.ts';
import { writeEach, type StoreRetry, type Unwritten } from '../store-retry.ts';

export interface PassOnDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'passOn' | 'recordFinal' | 'get'>;
  readonly retry: StoreRetry;
  readonly replies: Pick<Replies, 'repeated'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PassOnLimits;
  /** Holds the messages of inputs that fit nowhere; without it their tasks end as those that nobody serves. */
  readonly heldInputs: Pick<HeldInputs, 'hold'> | undefined;
}

/** What came of a task that was to be passed on. */
export type PassOnOutcome =
  /** `passed_on`: it is on its way to another worker. `ended`: it has waited for as long as it may; its message is for the dead letters. */
  | { readonly kind: 'passed_on' | 'ended'; readonly entry: TaskEntry }
  | HoldOutcome
  | (Unwritten & { readonly entry: TaskEntry });

/** Between two lines of the log about the same contract, ms. */
const TELL_EVERY_MS = 60_000;
/** Contracts of which it is known when they were told of last: names are foreign. */
const MOST_TOLD = 1000;

/**
 * Passes tasks on that this worker cannot run: the outbox sends each again after a growing pause, so that another worker may get it.
 * No attempt is counted. The statement looks who serves what: the pause is short while a live worker serves the task, and
 * ends at once when one comes. A task that waits for longer than {@link PassOnLimits} say ends, its message as a dead letter.
 */
export class PassOn {
  /** When a contract was told of last, by the monotonic clock. */
  private readonly told = new Map<string, number>();

  constructor(private readonly deps: PassOnDeps) {}

  /** @param entries that have not been claimed, and have an order. Never rejects. */
  pass(entries: readonly TaskEntry[]): Promise<readonly PassOnOutcome[]> {
    const { retry, tasks, limits } = this.deps;
    const pass = async (part: readonly TaskEntry[]): Promise<readonly PassOnOutcome[]> => {
      const answers = await retry.until(() => tasks.passOn(part.map(toItem), limits));
      return this.settle(part, new Map(answers.map((answer) => [answer.id, answer])));
    };
    return writeEach(entries, pass, (entry, reason) => ({ ...reason, entry }));
  }

  private async settle(
    entries: readonly TaskEntry[],
    answers: ReadonlyMap<string, PassedOn>,
  ): Promise<PassOnOutcome[]> {
    const outcomes: PassOnOutcome[] = [];
    const misfits: MisfitInput[] = [];
    for (const entry of entries) {
      const answer = answers.get(entry.id);
      const { misfit } = entry.passOn!;
      if (!answer) outcomes.push({ kind: 'refused', entry });
      else if (!answer.over) outcomes.push(this.passed(entry, answer));
      else if (misfit && this.deps.heldInputs) misfits.push({ entry, error: misfit });
      else outcomes.push(await this.end(entry));
    }
    const { heldInputs } = this.deps;
    const hold = (some: readonly MisfitInput[]) => heldInputs!.hold(some);
    if (misfits.length > 0)
      outcomes.push(
        ...(await writeEach<MisfitInput, PassOnOutcome>(misfits, hold, ({ entry }, reason) => ({ ...reason, entry }))),
      );
    return outcomes;
  }

  private passed(entry: TaskEntry, { unserved }: PassedOn): PassOnOutcome {
    this.tell(entry, unserved);
    return { kind: 'passed_on', entry };
  }

  /** It has waited for as long as it may: the row ends, and a caller who waits is told. */
  private async end(entry: TaskEntry): Promise<PassOnOutcome> {
    const { tasks, retry, replies, clock, log, name: worker } = this.deps;
    const { task, newTask, retries } = entry;
    const { misfit } = entry.passOn!;
    const error = JSON.stringify(misfit ? misfitDocument(misfit) : errorDetails(new NotRegistered(task.name)));
    const startedAt = clock.now();
    const item = { task: newTask, state: 'FAILURE', retries, worker, result: null, error, startedAt } as const;
    let row: TaskRow | undefined;
    const written = await retry.write(async () => {
      await tasks.recordFinal([item]);
      row = await tasks.get(entry.id);
    });
    if (written.kind !== 'written') return { ...written, entry };
    log.error(
      { task: entry.id, contract: task.name, queue: newTask.queue },
      'no live worker has served this task for as long as it may wait: its message goes to the dead letters',
    );
    if (row && isTerminal(row.state)) replies.repeated(entry, row);
    return { kind: 'ended', entry };
  }

  /** Once a minute for a contract: it may be thousands of tasks. */
  private tell({ id, task, newTask, passOn }: TaskEntry, unserved: boolean): void {
    const { reason, need } = passOn!;
    const key = `${task.name} ${reason} ${unserved}`;
    const now = this.deps.clock.monotonic();
    const last = this.told.get(key);
    if (last !== undefined && now - last < TELL_EVERY_MS) return;
    if (this.told.size >= MOST_TOLD) this.told.clear();
    this.told.set(key, now);
    const fields = { task: id, contract: task.name, queue: newTask.queue, reason, ...need };
    if (unserved)
      this.deps.log.warn(fields, 'no live worker serves this contract in this queue: its tasks wait until one does');
    else
      this.deps.log.info(fields, 'this worker does not serve the contract: its tasks are passed on to those that do');
  }
}

function toItem({ newTask, task, passOn }: TaskEntry): PassOnItem {
  const { reason, need = {}, waits = true } = passOn!;
  return {
    task: newTask,
    generation: task.generation,
    hadRow: task.hasRow,
    reason,
    need,
    waits,
    rowless: task.rowless,
  };
}
