import type { TaskLimits } from '@lovage/ports';
import { RateBucket, type BucketRate, type RateGiven } from './rate-bucket.ts';

/** A key as it stands, held by this transaction. Times in ms since the epoch, by Postgres' clock. */
export interface KeyState {
  readonly key: string;
  /** Slots in all; null: no limit. */
  readonly most: number | null;
  readonly used: number;
  /** Null: no limit. */
  readonly rate: BucketRate | null;
  readonly now: number;
}

/** A task that may run, as far as its row is concerned. */
export interface Candidate {
  readonly id: string;
  readonly limits: TaskLimits;
  /** ms since the epoch; decides who is first. */
  readonly since: number;
  /** This very claim was granted before, and is repeated. */
  readonly running: boolean;
  /** The slot that it has already. */
  readonly slot: { readonly key: string } | null;
  /** It was given this time of this rate key. */
  readonly ticket: { readonly key: string; readonly at: number } | null;
}

/** `wait`, with no time: until a slot is free. */
export type Admission = { readonly kind: 'run' } | { readonly kind: 'wait'; readonly until: number | null };

export interface Admissions {
  readonly byId: ReadonlyMap<string, Admission>;
  /** Rate keys of which starts or times were given. */
  readonly rates: readonly ({ readonly key: string } & RateGiven)[];
}

/**
 * Decides who may run and who waits. The longest-waiting first. A task takes a slot before it takes a time of the rate, so
 * times are given only to tasks that can use them; one that waits for its time keeps its slot.
 *
 * A slot that was reserved holds only while the limit allows it: when the limit was lowered meanwhile, its task waits again.
 */
export function admit(candidates: readonly Candidate[], keys: ReadonlyMap<string, KeyState>): Admissions {
  const used = new Map([...keys].map(([key, state]) => [key, state.used]));
  const buckets = new Map<string, RateBucket>();
  const byId = new Map<string, Admission>();
  const tooMany = (key: string, more: number) => used.get(key)! + more > (keys.get(key)!.most ?? Infinity);
  const waits = (candidate: Candidate) => byId.set(candidate.id, { kind: 'wait', until: null });
  const order = inOrder(candidates);
  for (const candidate of [...order].reverse()) {
    const key = candidate.limits.concurrency?.key;
    if (key === undefined || candidate.slot?.key !== key || candidate.running || !tooMany(key, 0)) continue;
    used.set(key, used.get(key)! - 1);
    waits(candidate);
  }
  for (const candidate of order) {
    if (byId.has(candidate.id)) continue;
    const { concurrency, rate } = candidate.limits;
    if (concurrency && candidate.slot?.key !== concurrency.key) {
      if (tooMany(concurrency.key, 1)) {
        waits(candidate);
        continue;
      }
      used.set(concurrency.key, used.get(concurrency.key)! + 1);
    }
    byId.set(candidate.id, rate ? timeOf(candidate, keys.get(rate.key)!, buckets) : { kind: 'run' });
  }
  return { byId, rates: [...buckets].map(([key, bucket]) => ({ key, ...bucket.given })) };
}

function timeOf({ running, ticket }: Candidate, state: KeyState, buckets: Map<string, RateBucket>): Admission {
  // It has started, and was counted.
  if (state.rate === null || running) return { kind: 'run' };
  let bucket = buckets.get(state.key);
  if (!bucket) buckets.set(state.key, (bucket = new RateBucket(state.rate, state.now)));
  const until = ticket?.key === state.key ? bucket.atItsTime(ticket.at) : bucket.ask();
  return until === null ? { kind: 'run' } : { kind: 'wait', until };
}

/** Who has a slot needs none, so must not find them taken by the rest. */
function inOrder(candidates: readonly Candidate[]): Candidate[] {
  const rank = ({ slot }: Candidate) => (slot === null ? 1 : 0);
  return [...candidates].sort((a, b) => rank(a) - rank(b) || a.since - b.since || (a.id < b.id ? -1 : 1));
}
