import type { ClaimedTask, TaskStore, WorkerLease } from '@lovage/ports';
import type { TerminalState } from '@lovage/task';
import type { MessageEnd, TaskEntry } from '../entry.ts';
import { writeEach, type StoreRetry, type Unwritten } from '../store-retry.ts';
import type { Batch } from './batch.ts';
import type { LimitedClaims } from './limited-claims.ts';
import type { Slots } from './waiting.ts';

/** Most tasks of one claim: beyond it a larger batch gains little and the first of it would wait longer. */
export const MAX_CLAIM = 200;
/** A claim of this size gains little by waiting for more. */
export const WELL_FILLED = 64;

export interface ClaimerDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'claim'>;
  readonly lease: Pick<WorkerLease, 'id'>;
  readonly retry: StoreRetry;
  readonly numbers: ClaimNumbers;
  readonly slots: Pick<Slots, 'free'>;
  /** Claims what has limits; without it nothing has. */
  readonly limited: LimitedClaims | undefined;
  /** Suspects are claimed by the quarantine only; else they are claimed like all others. */
  readonly quarantines: boolean;
}

/**
 * What came of the claim of a task. `granted`: it is to be run; `batch_granted`: these are, in one call. `refused`: its row says no.
 * `leave`: it does not run here now; as a limit says not yet, its row waits. `unstorable`: Postgres refuses a value of it, so no claim
 * will ever be granted.
 */
export type ClaimOutcome =
  | { readonly kind: 'granted' | 'refused'; readonly entry: TaskEntry }
  | { readonly kind: 'batch_granted'; readonly entries: readonly TaskEntry[] }
  | {
      readonly kind: 'leave';
      readonly entry: TaskEntry;
      readonly message: MessageEnd;
      /** How its row has ended; left out: it has not, or that is not known. */
      readonly state?: TerminalState;
    }
  | { readonly kind: 'unstorable'; readonly entry: TaskEntry; readonly error: Error };

/** What came of a claim that was asked for again, for an end to be recorded. */
export type RenewOutcome = { readonly kind: 'granted' } | { readonly kind: 'refused' } | Unwritten;

/** Numbers the claims of this process; with the worker's id a number is unique for ever. */
export class ClaimNumbers {
  private last = 0;

  next(): number {
    this.last += 1;
    return this.last;
  }
}

/** Before a claim that has vanished more than once is asked for again: the first and the longest pause, ms. */
const RENEW_MS = 50;
const LONGEST_RENEW_MS = 5000;

/**
 * The claim stage: asks Postgres for the claims of tasks that have slots, many in one statement. What is not granted has no slot any
 * more. Nothing here rejects: when the worker gives up on an absent Postgres, all are refused.
 */
export class Claimer {
  constructor(private readonly deps: ClaimerDeps) {}

  /**
   * Gives the outcomes of each statement as soon as it is done; those of a batch together, once all of it is decided.
   * @param filled tasks, and batches by one task of each, that have slots
   */
  async *claim(filled: readonly TaskEntry[]): AsyncGenerator<readonly ClaimOutcome[], void> {
    const toClaim: TaskEntry[] = [];
    const batches: Batch<TaskEntry>[] = [];
    const rowless: ClaimOutcome[] = [];
    for (const entry of filled) {
      if (entry.batch) {
        batches.push(entry.batch);
        toClaim.push(...entry.batch.close().filter((member) => member.needsClaim));
      } else if (entry.needsClaim) toClaim.push(entry);
      else rowless.push({ kind: 'granted', entry });
    }
    if (rowless.length > 0) yield rowless;
    for (const part of this.parts(toClaim)) yield await this.claimPart(part, !this.deps.quarantines);
    const granted = batches.filter((batch) => !batch.isEmpty);
    if (granted.length > 0)
      yield granted.map((batch): ClaimOutcome => ({ kind: 'batch_granted', entries: batch.members }));
  }

  /** The same of suspects, which have places in the quarantine and no slots. */
  async *claimSuspects(entries: readonly TaskEntry[]): AsyncGenerator<readonly ClaimOutcome[], void> {
    for (const part of this.parts(entries)) yield await this.claimPart(part, true);
  }

  /**
   * The claim is gone although nobody else has it, and the attempt has ended: claims anew, so that its end can be recorded. Once is
   * chance; a claim that vanishes again and again is not renewed without a pause. Never rejects.
   */
  async renew(entry: TaskEntry): Promise<RenewOutcome> {
    const { name, tasks, lease, retry, numbers } = this.deps;
    if (entry.renewals > 0) await retry.pause(Math.min(RENEW_MS * 2 ** entry.renewals, LONGEST_RENEW_MS));
    const worker = lease.id;
    entry.claimAnew(worker, numbers.next());
    let granted: ClaimedTask | undefined;
    const claim = () => tasks.claim({ id: worker, name }, [entry.toClaimItem()], { durable: true, suspects: true });
    const outcome = await retry.write(async () => {
      [granted] = await claim();
    });
    if (outcome.kind !== 'written') return outcome;
    if (!granted) return { kind: 'refused' };
    entry.renew();
    return { kind: 'granted' };
  }

  /** Numbers the claims, and divides them into parts that one statement takes: all with limits, or all without. */
  private parts(entries: readonly TaskEntry[]): TaskEntry[][] {
    const { lease, numbers, limited } = this.deps;
    const worker = lease.id;
    const [free, held]: [TaskEntry[], TaskEntry[]] = [[], []];
    for (const entry of entries) {
      const limits = limited?.limitsOf(entry);
      entry.claim(worker, numbers.next(), limits);
      (limits ? held : free).push(entry);
    }
    return [...inPieces(free), ...inPieces(held)];
  }

  /** @param suspects claim also those whose child or worker died while they ran */
  private claimPart(part: readonly TaskEntry[], suspects: boolean): Promise<readonly ClaimOutcome[]> {
    return writeEach(
      part,
      (some) => this.claimAll(some, suspects),
      (entry, reason) =>
        // What is refused is decided by its row; where that cannot be asked either, its message is requeued.
        this.without(reason.kind === 'unstorable' ? { ...reason, entry } : { kind: 'refused', entry }),
    );
  }

  private async claimAll(part: readonly TaskEntry[], suspects: boolean): Promise<readonly ClaimOutcome[]> {
    const answers = await this.deps.retry.until(() => this.ask(part, suspects));
    const outcomes: ClaimOutcome[] = [];
    for (const entry of part) {
      const answer = answers.get(entry.id);
      if (answer === undefined) outcomes.push(this.without({ kind: 'refused', entry }));
      else if (answer === 'parked') outcomes.push(this.without({ kind: 'leave', entry, message: 'ack' }));
      else {
        entry.grant(answer);
        if (!entry.batch) outcomes.push({ kind: 'granted', entry });
      }
    }
    return outcomes;
  }

  /** It has no slot any more. */
  private without(outcome: Exclude<ClaimOutcome, { kind: 'batch_granted' }>): ClaimOutcome {
    this.deps.slots.free(outcome.entry);
    return outcome;
  }

  private async ask(part: readonly TaskEntry[], suspects: boolean): Promise<Map<string, ClaimedTask | 'parked'>> {
    const { name, tasks, limited } = this.deps;
    const id = part[0]!.worker!;
    if (part[0]!.limits) return limited!.claim({ id, name }, part, { suspects });
    const durable = part.some((entry) => entry.options.ack !== 'late');
    const items = part.map((entry) => entry.toClaimItem());
    const answers = new Map<string, ClaimedTask>();
    for (const claim of await tasks.claim({ id, name }, items, { durable, suspects })) answers.set(claim.id, claim);
    return answers;
  }
}

function inPieces(entries: TaskEntry[]): TaskEntry[][] {
  if (entries.length <= MAX_CLAIM) return entries.length === 0 ? [] : [entries];
  return [entries.slice(0, MAX_CLAIM), ...inPieces(entries.slice(MAX_CLAIM))];
}
