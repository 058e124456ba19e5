import type { LimitedClaimItem, LimitOverride, LimitUse, WorkerId } from '@lovage/ports';
import type { Candidate, KeyState } from './admit.ts';

// Types, not interfaces: they must fit pg's rows, which have an index signature.
export type RawKey = {
  readonly key: string;
  readonly most: number | null;
  readonly used: number;
  readonly interval_ms: number | null;
  readonly step_ms: number | null;
  readonly burst: number;
  readonly next_at: number | null;
  readonly applied_ms: number | null;
  readonly bucket_at: number | null;
  readonly again_at: number | null;
  readonly now: number;
};

export type RawCandidate = {
  readonly id: string;
  readonly turn: number;
  readonly claim_worker: string | null;
  /** bigint travels as text. */
  readonly claim_no: string | null;
  readonly created_at: number;
  readonly over: boolean | null;
  readonly slot_key: string | null;
  readonly ticket_key: string | null;
  readonly ticket_at: number | null;
  readonly waits: boolean;
};

export type RawOverride = {
  readonly contract: string;
  readonly concurrency: number | null;
  readonly no_concurrency: boolean;
  readonly keys: Readonly<Record<string, number | null>> | null;
  readonly rate: string | null;
  readonly interval_ms: number | null;
  readonly no_rate: boolean;
  readonly burst: number | null;
  readonly updated_at: number;
  readonly updated_by: string | null;
  readonly reason: string | null;
};

export type RawUse = {
  readonly contract: string;
  readonly key: string;
  readonly most: number | null;
  readonly held: number;
  readonly waiting: number;
  readonly waiting_for_rate: number;
};

/** A message that asks to run. */
export type Asking =
  /** Its row says no; the ordinary way finds out why. */
  | { readonly kind: 'refused'; readonly item: LimitedClaimItem }
  /** It waits already, under a later message: one that carries no generation (from Python) has come once more. */
  | { readonly kind: 'waits'; readonly item: LimitedClaimItem }
  | {
      readonly kind: 'candidate';
      readonly item: LimitedClaimItem;
      readonly candidate: Candidate;
      /** The latest generation known. */
      readonly generation: number;
    };

export function toKeyState(raw: RawKey): KeyState {
  const { key, most, used, burst, now, interval_ms: intervalMs, step_ms: stepMs } = raw;
  const rate =
    intervalMs === null
      ? null
      : { intervalMs, stepMs: stepMs!, burst, nextAt: raw.next_at, againAt: raw.again_at, bucketAt: raw.bucket_at };
  return { key, most, used, rate, now };
}

export function toOverride(raw: RawOverride): LimitOverride {
  const { contract, keys, rate: text, burst, reason } = raw;
  return {
    contract,
    concurrency: raw.no_concurrency ? null : (raw.concurrency ?? undefined),
    keys: keys ?? undefined,
    rate: raw.no_rate ? null : text === null ? undefined : { text, intervalMs: raw.interval_ms!, burst },
    updatedAt: Math.round(raw.updated_at),
    updatedBy: raw.updated_by,
    reason,
  };
}

export function toUse(raw: RawUse): LimitUse {
  const { contract, key, most: limit, held, waiting, waiting_for_rate: waitingForRate } = raw;
  return { contract, key, limit, held, waiting, waitingForRate };
}

/** The same rules as the claim's: what it would refuse must not take a slot. */
export function toCandidate(
  item: LimitedClaimItem,
  raw: RawCandidate | undefined,
  worker: WorkerId,
  now: number,
): Asking {
  const { id } = item.task;
  if (!raw) {
    if (item.hadRow) return { kind: 'refused', item };
    const candidate = { id, limits: item.limits, since: now, running: false, slot: null, ticket: null };
    return { kind: 'candidate', item, candidate, generation: Math.max(item.generation, 0) };
  }
  const mine = raw.claim_worker === worker && Number(raw.claim_no) === item.claimNo;
  if (raw.over || (raw.claim_worker !== null && !mine)) return { kind: 'refused', item };
  if (item.generation === -1 && raw.waits) return { kind: 'waits', item };
  if (item.generation !== -1 && item.generation < raw.turn) return { kind: 'refused', item };
  const slot = raw.slot_key === null ? null : { key: raw.slot_key };
  const ticket = raw.ticket_key === null ? null : { key: raw.ticket_key, at: raw.ticket_at! };
  const candidate = { id, limits: item.limits, since: raw.created_at, running: mine, slot, ticket };
  return { kind: 'candidate', item, candidate, generation: Math.max(item.generation, raw.turn) };
}
