import type { LimitDetail, LimitDocument } from '@lovage/http-api';
import type { LimitedTasks, LimitOverride, LimitUse } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';

/** Most keys that are shown of a contract. */
const MOST_KEYS = 100;

/** The limits of a contract as the API shows them. */
export function limitDocument(
  { name, options }: AnyContract,
  override: LimitOverride | undefined,
  uses: readonly LimitUse[],
  approximate: boolean,
): LimitDocument {
  const { concurrency: slots, rateLimit } = options;
  const declared = {
    concurrency: slots?.limit ?? null,
    byKey: slots?.key !== undefined,
    rate: rateLimit?.rate ?? null,
    burst: rateLimit?.burst ?? null,
    rateByKey: rateLimit?.key !== undefined,
  };
  const { concurrency = declared.concurrency, rate: set } = override ?? {};
  const rate = set === undefined ? declared.rate : (set?.text ?? null);
  const burst = rate === null ? null : (set?.burst ?? declared.burst ?? 1);
  const sum = (of: 'held' | 'waiting' | 'waitingForRate') => uses.reduce((total, use) => total + use[of], 0);
  return {
    contract: name,
    declared,
    override: override ? overrideDocument(override) : null,
    inForce: { concurrency, rate, burst },
    held: sum('held'),
    waiting: sum('waiting'),
    waitingForRate: sum('waitingForRate'),
    approximate,
  };
}

/** Keys in use, where the most tasks wait first. */
export function usedKeys(contract: string, uses: readonly LimitUse[]): LimitDetail['keys'] {
  const waits = ({ waiting, waitingForRate, held }: LimitUse) => [waiting + waitingForRate, held] as const;
  return [...uses]
    .sort((a, b) => waits(b)[0] - waits(a)[0] || waits(b)[1] - waits(a)[1])
    .slice(0, MOST_KEYS)
    .map(({ key, limit, held, waiting, waitingForRate }) => {
      return { ...partsOf(contract, key), limit, held, waiting, waitingForRate };
    });
}

/** Who has slots, and who waits. */
export function limitedTasks(
  contract: string,
  { holders, waiters }: LimitedTasks,
): Pick<LimitDetail, 'holders' | 'waiters'> {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    holders: holders.map(({ id, key, since, worker }) => {
      const { value } = partsOf(contract, key);
      return { id, value, since: iso(since), worker };
    }),
    waiters: waiters.map(({ id, key, since, dueAt }) => {
      const { limits: waitsFor, value } = partsOf(contract, key);
      return {
        id,
        value,
        waitsFor,
        since: since === null ? null : iso(since),
        dueAt: dueAt === null ? null : iso(dueAt),
      };
    }),
  };
}

function partsOf(contract: string, key: string) {
  const limits = key.startsWith('rate:') ? ('rate' as const) : ('concurrency' as const);
  const whole = `${limits}:${contract}`;
  return { limits, value: key === whole ? null : key.slice(whole.length + 1) };
}

function overrideDocument(override: LimitOverride): LimitDocument['override'] {
  const { concurrency, keys, rate, updatedAt, updatedBy: actor, reason } = override;
  return {
    ...(concurrency !== undefined && { concurrency }),
    ...(keys && { keys: { ...keys } }),
    ...(rate !== undefined && { rate: rate?.text ?? null }),
    ...(rate?.burst != null && { burst: rate.burst }),
    at: new Date(updatedAt).toISOString(),
    actor,
    reason,
  };
}
