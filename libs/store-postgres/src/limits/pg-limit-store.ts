import { plainArray, textArray } from '@lovage/foundation';
import {
  MOST_WAITING_COUNTED,
  type ClaimedTask,
  type ImposedLimits,
  type LimitChangedBy,
  type LimitedClaim,
  type LimitedClaimItem,
  type LimitedTasks,
  type LimitOverride,
  type LimitSettings,
  type LimitStore,
  type LimitUses,
  type LimitWaiter,
  type WorkerId,
} from '@lovage/ports';
import type { Database, RunStatement } from '../database.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { CLAIM_LIMITED } from '../sql/claim.ts';
import { newTaskValues } from '../sql/columns.ts';
import {
  ADOPT,
  CLEAR_OVERRIDE,
  HOLD_CONTRACT,
  HOLD_KEYS,
  MAKE_KEY,
  OVERRIDE,
  PARK,
  RATE_GIVEN,
  READ_CANDIDATES,
  READ_IMPOSED,
  READ_KEYS,
  READ_OVERRIDES,
  RESPACE_KEY,
  RESPACE_KEYS,
  SLOTS_TAKEN,
  WAKE_KEYS,
} from '../sql/limits.ts';
import { admit, type Admissions, type KeyState } from './admit.ts';
import {
  toCandidate,
  toKeyState,
  toOverride,
  toUse,
  type Asking,
  type RawCandidate,
  type RawKey,
  type RawOverride,
  type RawUse,
} from './rows.ts';
import { LIMIT_WAITERS, SLOT_HOLDERS, toWaiter, type RawHolder, type RawWaiter } from './tasks-sql.ts';
import { usesSql } from './uses-sql.ts';

/** Limits on Postgres. */
export class PgLimitStore implements LimitStore {
  constructor(
    private readonly database: Database,
    private readonly reading: ReadingPool,
  ) {}

  claim(
    worker: { id: WorkerId; name: string },
    items: readonly LimitedClaimItem[],
    { suspects = false }: { suspects?: boolean } = {},
  ): Promise<LimitedClaim[]> {
    return this.database.transaction(async (run) => {
      await holdKeys(run, items);
      const keys = await readKeys(run, items);
      const ids = plainArray(items.map((item) => item.task.id));
      const rows = new Map((await run<RawCandidate>(READ_CANDIDATES, [ids, suspects])).map((raw) => [raw.id, raw]));
      const now = keys.values().next().value!.now;
      const asking = items.map((item) => toCandidate(item, rows.get(item.task.id), worker.id, now));
      const admissions = admit(
        asking.filter((ask) => ask.kind === 'candidate').map((ask) => ask.candidate),
        keys,
      );
      const granted = await this.grant(run, worker, toRun(asking, admissions), now, suspects);
      const parked = await this.park(run, asking, admissions);
      await giveTimes(run, admissions);
      return [
        ...granted.map((claim) => ({ ...claim, outcome: 'granted' as const })),
        ...parked.map((id) => ({ id, outcome: 'parked' as const })),
      ];
    });
  }

  async overrides(): Promise<LimitOverride[]> {
    return (await this.database.run<RawOverride>(READ_OVERRIDES, [])).map(toOverride);
  }

  imposed(): Promise<ImposedLimits[]> {
    return this.database.run<ImposedLimits & Record<string, unknown>>(READ_IMPOSED, []);
  }

  override(contract: string, settings: LimitSettings, by: LimitChangedBy): Promise<LimitOverride> {
    const { concurrency, keys, rate } = settings;
    const key = `concurrency:${contract}`;
    const uncounted = by.uncounted && typeof concurrency === 'number';
    return this.change(contract, uncounted ? key : undefined, async (run) => {
      const [raw] = await run<RawOverride>(OVERRIDE, [
        ...[contract, concurrency, concurrency === null, keys && JSON.stringify(keys)],
        ...[rate?.text, rate?.intervalMs, rate === null, rate?.burst, by.actor, by.reason],
      ]);
      if (uncounted) await run(ADOPT, [key]);
      return toOverride(raw!);
    });
  }

  clear(contract: string): Promise<void> {
    return this.change(contract, undefined, async (run) => void (await run(CLEAR_OVERRIDE, [contract])));
  }

  tasksOf(contract: string, limit: number): Promise<LimitedTasks> {
    return this.reading.together(async (run) => {
      const values = [contract, limit];
      const holders = await run<RawHolder>({ text: SLOT_HOLDERS, values });
      const waiters = (await run<RawWaiter>({ text: LIMIT_WAITERS, values })).map(toWaiter);
      const first = ({ since, dueAt }: LimitWaiter): number => since ?? dueAt ?? 0;
      return {
        holders: holders.sort((a, b) => a.since - b.since).slice(0, limit),
        // Those for a slot before those for a rate: they have further to go.
        waiters: waiters
          .sort((a, b) => Number(a.since === null) - Number(b.since === null) || first(a) - first(b))
          .slice(0, limit),
      };
    });
  }

  async uses(contract?: string): Promise<LimitUses> {
    const values = contract === undefined ? [] : [contract];
    const rows = await this.reading.run<RawUse>({ text: usesSql(contract !== undefined), values });
    // Sorted here: those connections plan as if a sort were not to be had.
    const uses = rows.map(toUse).sort((a, b) => (a.contract + a.key < b.contract + b.key ? -1 : 1));
    const sum = (of: 'waiting' | 'waitingForRate') => uses.reduce((total, use) => total + use[of], 0);
    return { uses, approximate: Math.max(sum('waiting'), sum('waitingForRate')) > MOST_WAITING_COUNTED };
  }

  /** Changes what holds for a contract, and lets those who wait for its limits know. */
  private change<T>(
    contract: string,
    newKey: string | undefined,
    write: (run: RunStatement) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (run) => {
      // The keys first: a claim that is under way decides by the old limits, and whom it parks is seen here.
      if (newKey !== undefined) await run(MAKE_KEY, [newKey, contract]);
      const keys = (await run<{ key: string }>(HOLD_CONTRACT, [contract])).map(({ key }) => key);
      const written = await write(run);
      await run(WAKE_KEYS, [textArray(keys)]);
      await run(RESPACE_KEYS, [textArray(keys.filter((key) => key.startsWith('rate:')))]);
      return written;
    });
  }

  /** The ordinary claim of those that may run; what it grants has its slot from now on. */
  private async grant(
    run: RunStatement,
    worker: { id: WorkerId; name: string },
    items: readonly LimitedClaimItem[],
    now: number,
    suspects: boolean,
  ): Promise<ClaimedTask[]> {
    if (items.length === 0) return [];
    const granted = await run<ClaimedTask & Record<string, unknown>>(CLAIM_LIMITED, [
      worker.id,
      worker.name,
      ...newTaskValues(items.map((item) => item.task)),
      plainArray(items.map((item) => item.generation)),
      plainArray(items.map((item) => item.claimNo)),
      plainArray(items.map((item) => item.hadRow)),
      textArray(items.map(({ limits }) => limits.concurrency?.key ?? null)),
      now,
      suspects,
    ]);
    const limits = new Map(items.map((item) => [item.task.id, item.limits]));
    const slotKeys = granted.map(({ id }) => limits.get(id)!.concurrency?.key ?? null);
    if (granted.length > 0) await run(SLOTS_TAKEN, [plainArray(granted.map(({ id }) => id)), textArray(slotKeys)]);
    // Refused for other reasons, such as a lease that has run out: their places go to those who wait.
    if (granted.length < items.length) await run(WAKE_KEYS, [textArray(slotKeysOf(items))]);
    return granted;
  }

  /** Ids of those that wait now, or did before: their message is dealt with. */
  private async park(run: RunStatement, asking: readonly Asking[], admissions: Admissions): Promise<string[]> {
    const waiting = asking.flatMap((ask) => {
      const admission = ask.kind === 'candidate' ? admissions.byId.get(ask.candidate.id) : undefined;
      return ask.kind === 'candidate' && admission?.kind === 'wait' ? [{ ...ask, until: admission.until }] : [];
    });
    const already = asking.flatMap((ask) => (ask.kind === 'waits' ? [ask.item.task.id] : []));
    if (waiting.length === 0) return already;
    const rows = await run<{ id: string }>(PARK, [
      ...newTaskValues(waiting.map(({ item }) => item.task)),
      plainArray(waiting.map(({ generation }) => generation)),
      plainArray(waiting.map(({ item }) => item.hadRow)),
      plainArray(waiting.map(({ until }) => until)),
      textArray(waiting.map(({ item }) => item.limits.concurrency?.key ?? null)),
      textArray(waiting.map(({ item }) => item.limits.rate?.key ?? null)),
    ]);
    return [...already, ...rows.map(({ id }) => id)];
  }
}

async function holdKeys(run: RunStatement, items: readonly LimitedClaimItem[]): Promise<void> {
  const keys = new Map<
    string,
    { contract: string; limit: number | null; intervalMs: number | null; burst: number | null }
  >();
  for (const { limits } of items) {
    const { contract, concurrency, rate } = limits;
    if (concurrency) keys.set(concurrency.key, { contract, limit: concurrency.limit, intervalMs: null, burst: null });
    if (rate) keys.set(rate.key, { contract, limit: null, intervalMs: rate.intervalMs, burst: rate.burst });
  }
  const all = [...keys.values()];
  await run(HOLD_KEYS, [
    textArray([...keys.keys()]),
    textArray(all.map(({ contract }) => contract)),
    plainArray(all.map(({ limit }) => limit)),
    plainArray(all.map(({ intervalMs }) => intervalMs)),
    plainArray(all.map(({ burst }) => burst)),
  ]);
}

/** As they stand now that they are held; where the rate has changed, those that wait for it have their new times. */
async function readKeys(run: RunStatement, items: readonly LimitedClaimItem[]): Promise<Map<string, KeyState>> {
  const names = items
    .flatMap(({ limits }) => [limits.concurrency?.key, limits.rate?.key])
    .filter((key) => key !== undefined);
  const values = [textArray([...new Set(names)])];
  let rows = await run<RawKey>(READ_KEYS, values);
  const changed = rows.filter((raw) => raw.applied_ms !== null && raw.applied_ms !== raw.interval_ms);
  for (const { key } of changed) await run(RESPACE_KEY, [key]);
  if (changed.length > 0) rows = await run<RawKey>(READ_KEYS, values);
  return new Map(rows.map((raw) => [raw.key, toKeyState(raw)]));
}

function toRun(asking: readonly Asking[], { byId }: Admissions): LimitedClaimItem[] {
  return asking
    .filter((ask) => ask.kind === 'candidate' && byId.get(ask.candidate.id)!.kind === 'run')
    .map(({ item }) => item);
}

function slotKeysOf(items: readonly LimitedClaimItem[]): string[] {
  return [...new Set(items.map(({ limits }) => limits.concurrency?.key).filter((key) => key !== undefined))];
}

async function giveTimes(run: RunStatement, { rates }: Admissions): Promise<void> {
  if (rates.length === 0) return;
  await run(RATE_GIVEN, [
    textArray(rates.map(({ key }) => key)),
    plainArray(rates.map(({ nextAt }) => nextAt)),
    plainArray(rates.map(({ intervalMs }) => intervalMs)),
    plainArray(rates.map(({ bucketAt }) => bucketAt)),
    plainArray(rates.map(({ againAt }) => againAt)),
  ]);
}
