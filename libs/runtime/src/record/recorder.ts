import { BatchQueue } from '@lovage/foundation';
import type {
  EndedOurs,
  FinalItem,
  FreeingEnds,
  Log,
  PostponeItem,
  RecordItem,
  TaskStore,
  UnclaimedPostponeItem,
} from '@lovage/ports';
import type { TaskErrorDocument, TerminalState } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import { UnderWay } from '../under-way.ts';
import type { HandOver } from './hand-over.ts';
import type { Replies } from './replies.ts';

interface Ended {
  readonly entry: TaskEntry;
  readonly outcome: Outcome;
}

export interface RecorderDeps {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly retry: StoreRetry;
  readonly replies: Replies;
  /** Gives the slots of limits that come free to those that wait for them; without it the relay sends those. */
  readonly handOver?: Pick<HandOver, 'writing'> | undefined;
  readonly log: Log;
  /**
   * The row shows no claim at all: a crash of Postgres undid ours, or the sweep took us for dead and nobody has come since.
   * What happened is still true: claim again, then record again. Resolves when it is decided; must not reject.
   */
  onClaimVanished(entry: TaskEntry, outcome: Outcome): Promise<void>;
  /** A group commit is done. */
  onFlushed(): void;
  /** Written, as ours. */
  onRecorded(entry: TaskEntry, outcome: Outcome): void;
  /** Written, or rightly dropped; the message is acked. */
  onSettled(entry: TaskEntry, outcome: Outcome): void;
}

/**
 * Writes how attempts ended, in group commits: the next takes what has gathered during the last. Only then come the
 * reply and the ack. While Postgres is away the results are held; their messages stay unacked, which bounds them.
 */
export class Recorder {
  /** One commit under way: claims go in step with these. */
  private readonly claimed: BatchQueue<Ended>;
  /** Beside it, so that claims wait for none of these. */
  private readonly rowless: BatchQueue<Ended>;
  /** Ends that wait for earlier writes, or for a claim made anew. */
  private readonly underWay = new UnderWay();
  private flushing = false;

  constructor(private readonly deps: RecorderDeps) {
    this.claimed = new BatchQueue({
      flush: async (batch) => {
        this.flushing = true;
        await this.orHandBack(batch, this.writeClaimed(batch));
        this.flushing = false;
        this.deps.onFlushed();
      },
    });
    this.rowless = new BatchQueue({ flush: (batch) => this.orHandBack(batch, this.writeRowless(batch)) });
  }

  /** Whether a group commit of claimed tasks is under way. */
  get busy(): boolean {
    return this.flushing;
  }

  add(entry: TaskEntry, outcome: Outcome): void {
    (entry.claimed ? this.claimed : this.rowless).push({ entry, outcome });
  }

  /** The same, once these writes are settled: whoever sees the end must find all that came before it. They must not reject. */
  addAfter(writes: readonly (Promise<void> | undefined)[], entry: TaskEntry, outcome: Outcome): void {
    this.underWay.add(Promise.all(writes).then(() => this.add(entry, outcome)));
  }

  /** Resolves once everything added so far is written, also what waits for other writes or for a new claim. */
  async idle(): Promise<void> {
    do {
      await this.underWay.idle();
      await Promise.all([this.claimed.idle(), this.rowless.idle()]);
    } while (this.underWay.size > 0);
  }

  /** Fails only when the worker gives up on an absent store: the messages go back, another worker takes over. */
  private async orHandBack(batch: readonly Ended[], written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      for (const { entry, outcome } of batch) {
        this.deps.log.error(
          { err: error, task: entry.id },
          'the end of an attempt could not be written; its message goes back',
        );
        entry.nack(true);
        this.deps.onSettled(entry, outcome);
      }
    }
  }

  private async writeClaimed(batch: readonly Ended[]): Promise<void> {
    const byWorker = new Map<string, { terminal: Ended[]; postponed: Ended[] }>();
    for (const ended of batch) {
      const worker = ended.entry.worker!;
      let group = byWorker.get(worker);
      if (!group) byWorker.set(worker, (group = { terminal: [], postponed: [] }));
      (ended.outcome.kind === 'postponed' ? group.postponed : group.terminal).push(ended);
    }
    // An id can stand twice when a lost lease let it run here twice: the first of it goes, the rest in a second statement.
    for (const [worker, group] of byWorker) {
      for (const part of uniqueById(group.terminal))
        for (const some of bySize(part)) await this.writeTerminal(worker, some);
      for (const part of uniqueById(group.postponed)) await this.writePostponed(worker, part);
    }
  }

  private async writeTerminal(worker: string, ended: readonly Ended[]): Promise<void> {
    const items = ended.map(toRecordItem);
    const write = this.writing(worker, { kind: 'record', items }, ended);
    const ours = await this.deps.retry.until(write ?? (() => this.deps.tasks.record(worker, items)));
    await this.settle(ended, ours);
  }

  private async writePostponed(worker: string, ended: readonly Ended[]): Promise<void> {
    const items = ended.map(toPostponeItem);
    const write = this.writing(worker, { kind: 'postpone', items }, ended);
    const ours = await this.deps.retry.until(write ?? (() => this.deps.tasks.postpone(worker, items)));
    await this.settle(ended, ours);
  }

  /** Where slots of limits come free; undefined: the ordinary way. */
  private writing(worker: string, ends: FreeingEnds, ended: readonly Ended[]): (() => Promise<EndedOurs>) | undefined {
    const { handOver } = this.deps;
    if (!handOver || !ends.items.some(({ limitKey }) => limitKey !== undefined)) return undefined;
    return handOver.writing(
      worker,
      ends,
      ended.map(({ entry }) => entry),
    );
  }

  private async settle(ended: readonly Ended[], ours: EndedOurs): Promise<void> {
    for (const { entry, outcome } of ended) {
      const revoked = ours.get(entry.id);
      // Called off before this was written: that is how it ended, whatever the handler came to.
      if (revoked !== undefined) this.done(entry, revoked ? { kind: 'revoked', error: revoked } : outcome);
    }
    if (ours.size === ended.length) return;
    const lost = ended.filter(({ entry }) => !ours.has(entry.id));
    const situations = await this.deps.retry.until(() => this.deps.tasks.situations(lost.map(({ entry }) => entry.id)));
    const byId = new Map(situations.map((situation) => [situation.row.id, situation]));
    for (const { entry, outcome } of lost) {
      const situation = byId.get(entry.id);
      const unclaimed = !situation || (situation.claimWorker === null && situation.row.finishedAt === null);
      if (unclaimed && (!situation || entry.task.turn < 0 || situation.row.turn <= entry.task.turn)) {
        this.underWay.add(this.deps.onClaimVanished(entry, outcome));
        continue;
      }
      this.deps.log.warn(
        { task: entry.id, state: situation?.row.state },
        'a result came too late and was dropped: the task is in other hands, or over',
      );
      entry.ack();
      this.deps.onSettled(entry, outcome);
    }
  }

  private async writeRowless(batch: readonly Ended[]): Promise<void> {
    for (const part of uniqueById(batch)) for (const some of bySize(part)) await this.writeRowlessPart(some);
  }

  private async writeRowlessPart(ended: readonly Ended[]): Promise<void> {
    const finals: FinalItem[] = [];
    const postponed: UnclaimedPostponeItem[] = [];
    for (const { entry, outcome } of ended) {
      if (outcome.kind === 'postponed') {
        if (!isHandBack(outcome)) postponed.push(toUnclaimedPostpone(entry, outcome));
      } else if (entry.options.record !== 'none' || entry.task.turn > 0) finals.push(this.toFinal(entry, outcome));
    }
    if (finals.length > 0) await this.deps.retry.until(() => this.deps.tasks.recordFinal(finals));
    if (postponed.length > 0) await this.deps.retry.until(() => this.deps.tasks.postponeUnclaimed(postponed));
    for (const { entry, outcome } of ended) {
      if (isHandBack(outcome)) {
        entry.nack(true);
        this.deps.onSettled(entry, outcome);
      } else this.done(entry, outcome);
    }
  }

  private done(entry: TaskEntry, outcome: Outcome): void {
    this.deps.onRecorded(entry, outcome);
    if (entry.task.replyTo && outcome.kind !== 'postponed') {
      if (outcome.kind === 'succeeded') this.deps.replies.ended(entry, 'SUCCESS', outcome.result, null);
      else this.deps.replies.ended(entry, STATES[outcome.kind], null, outcome.error);
    }
    entry.ack();
    this.deps.onSettled(entry, outcome);
  }

  private toFinal(entry: TaskEntry, outcome: Exclude<Outcome, { kind: 'postponed' }>): FinalItem {
    const { state, result, error } = terminalColumns(outcome);
    return {
      task: entry.facts,
      state,
      result,
      error,
      retries: entry.retries,
      worker: this.deps.name,
      startedAt: entry.startedAt,
    };
  }
}

const STATES = { failed: 'FAILURE', revoked: 'REVOKED', dead: 'DEAD' } as const;

/** Results of one statement, characters: each may double there, and V8 ends the process at a text of 512 MiB. */
const MAX_STATEMENT = 16 * 1024 ** 2;

/** Handed back at a stop without a row to keep it: the message itself goes back. */
function isHandBack(outcome: Outcome): boolean {
  return outcome.kind === 'postponed' && outcome.how === 'release' && outcome.delayMs === 0;
}

function terminalColumns(outcome: Exclude<Outcome, { kind: 'postponed' }>): {
  state: TerminalState;
  result: string | null;
  error: string | null;
} {
  return outcome.kind === 'succeeded'
    ? { state: 'SUCCESS', result: outcome.result, error: null }
    : { state: STATES[outcome.kind], result: null, error: JSON.stringify(outcome.error) };
}

function toRecordItem({ entry, outcome }: Ended): RecordItem {
  if (outcome.kind === 'postponed') throw new TypeError('a postponed attempt has no terminal record');
  return {
    id: entry.id,
    claimNo: entry.claimNo,
    limitKey: entry.limits?.concurrency?.key,
    ...terminalColumns(outcome),
  };
}

function toPostponeItem({ entry, outcome }: Ended): PostponeItem {
  if (outcome.kind !== 'postponed') throw new TypeError('a terminal attempt is not postponed');
  return {
    id: entry.id,
    claimNo: entry.claimNo,
    limitKey: entry.limits?.concurrency?.key,
    kind: outcome.how,
    group: outcome.group,
    delayMs: outcome.delayMs,
    error: errorJson(outcome.error),
  };
}

function toUnclaimedPostpone(
  entry: TaskEntry,
  outcome: Extract<Outcome, { kind: 'postponed' }>,
): UnclaimedPostponeItem {
  const kind = outcome.how === 'release' || outcome.how === 'suspect' ? 'snooze' : outcome.how;
  return {
    ...entry.facts,
    turn: entry.task.turn,
    retries: entry.retries + (kind === 'retry' ? 1 : 0),
    crashes: entry.crashes + (kind === 'crash' ? 1 : 0),
    kind,
    delayMs: outcome.delayMs,
  };
}

function errorJson(error: TaskErrorDocument | null): string | null {
  return error && JSON.stringify(error);
}

/** Parts in which no id stands twice; nearly always the one part given. */
function uniqueById(ended: readonly Ended[]): (readonly Ended[])[] {
  if (ended.length < 2) return ended.length === 0 ? [] : [ended];
  const seen = new Set<string>();
  const again: Ended[] = [];
  const first: Ended[] = [];
  for (const one of ended) {
    if (seen.has(one.entry.id)) again.push(one);
    else {
      seen.add(one.entry.id);
      first.push(one);
    }
  }
  return again.length === 0 ? [ended] : [first, ...uniqueById(again)];
}

/** Parts whose results one statement carries; nearly always the one part given. */
function bySize(ended: readonly Ended[]): (readonly Ended[])[] {
  const parts: Ended[][] = [];
  let size = 0;
  let from = 0;
  for (const [i, { outcome }] of ended.entries()) {
    const more = outcome.kind === 'succeeded' ? outcome.result.length : 0;
    if (size > 0 && size + more > MAX_STATEMENT) {
      parts.push(ended.slice(from, i));
      from = i;
      size = 0;
    }
    size += more;
  }
  return parts.length === 0 ? [ended] : [...parts, ended.slice(from)];
}
