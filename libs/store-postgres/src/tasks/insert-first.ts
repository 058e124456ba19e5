import { hasCode, plainArray, textArray, toError } from '@lovage/foundation';
import {
  TaskNotUniqueError,
  type FirstItem,
  type FirstOutcome,
  type NewTask,
  type RevokedTask,
  type SubmittedFirst,
} from '@lovage/ports';
import type { Database, RunStatement } from '../database.ts';
import { REVOKE } from '../sql/cancel.ts';
import { newTaskValues } from '../sql/columns.ts';
import { INSERT_FIRST_EACH } from '../sql/submit.ts';
import { revokedTask, type RawRevoked } from './revoked-task.ts';

/** What `unique_take` says, as the migration of unique tasks has it. */
export type UniqueVerdict = 'fresh' | 'existing' | 'rejected' | 'replaceable';

interface RawFirst {
  holder: string;
  verdict: UniqueVerdict | 'key' | 'later';
  fingerprint: string;
  [column: string]: unknown;
}

type Decided = SubmittedFirst | Error;

/** How long a batch waits for keys that another transaction has, ms: far longer than a statement of another batch holds them. */
const BATCH_PATIENCE_MS = 1_000;
/** How long each of them waits alone, after its batch has waited without success, ms. */
const ALONE_PATIENCE_MS = 50;

/**
 * Inserts tasks of one batch. A value that Postgres refuses, or a key that somebody else's transaction has, stops the batch: then
 * each goes alone, so that no other one suffers.
 */
export async function insertFirst(database: Database, items: readonly FirstItem[]): Promise<FirstOutcome[]> {
  if (items.length === 0) return [];
  try {
    return await insert(database, items, items.length > 1 ? BATCH_PATIENCE_MS : null);
  } catch (error) {
    if (!isOfOne(error) || items.length === 1) throw error;
  }
  const outcomes: FirstOutcome[] = [];
  for (const item of items) {
    try {
      outcomes.push(...(await insert(database, [item], ALONE_PATIENCE_MS)));
    } catch (error) {
      outcomes.push(isLocked(error) ? 'locked' : toError(error));
    }
  }
  return outcomes;
}

/** The same in the caller's transaction: each waits for the holder of its key. Throws what `run` throws. */
export function insertFirstIn(run: RunStatement, items: readonly FirstItem[]): Promise<FirstOutcome[]> {
  return new FirstBatch(items).decide(run);
}

/** Cancels the task that has the key, which this transaction holds; undefined: it does not wait any more. */
export async function replace(run: RunStatement, holder: string, by: NewTask): Promise<RevokedTask | undefined> {
  const [raw] = await run<RawRevoked>(REVOKE, [plainArray([holder]), by.userId, `replaced by ${by.id}`, false]);
  const revoked = revokedTask(raw!, true);
  return revoked?.outcome.kind === 'revoked' ? revoked : undefined;
}

/** One statement, unless tasks are to be replaced: that takes a transaction. */
async function insert(
  database: Database,
  items: readonly FirstItem[],
  patienceMs: number | null,
): Promise<FirstOutcome[]> {
  const alone = new FirstBatch(items, patienceMs);
  if (await alone.ask((statement, values) => database.run(statement, values, 'submit'))) return alone.outcomes();
  // The work of a transaction may be repeated: each time from what was decided before it.
  const rest = alone.openItems();
  try {
    const replaced = await database.transaction((run) => new FirstBatch(rest, patienceMs).decide(run), 'submit');
    rest.forEach((item, i) => alone.settle(item, replaced[i]!));
  } catch (error) {
    if (isOfOne(error) || rest.length === items.length) throw error;
    // The others are stored.
    for (const item of rest) alone.settle(item, toError(error));
  }
  return alone.outcomes();
}

/** Tasks that are inserted together, and what came of each so far. */
class FirstBatch {
  private readonly decided = new Map<FirstItem, Decided>();
  private readonly byId: ReadonlyMap<string, FirstItem>;
  private readonly replaced = new Map<FirstItem, RevokedTask>();

  constructor(
    private readonly items: readonly FirstItem[],
    private readonly patienceMs: number | null = null,
  ) {
    this.byId = new Map(items.map((item) => [item.task.id, item]));
  }

  outcomes(): Decided[] {
    return this.items.map((item) => this.decided.get(item)!);
  }

  openItems(): FirstItem[] {
    return this.items.filter((item) => !this.decided.has(item));
  }

  settle(item: FirstItem, outcome: Decided): void {
    this.decided.set(item, outcome);
  }

  /** Asks, and replaces what is to be replaced, until all are decided. `run` runs in one transaction. */
  async decide(run: RunStatement): Promise<Decided[]> {
    for (;;) {
      const waiting = new Map<string, FirstItem>();
      if (await this.ask(run, waiting)) return this.outcomes();
      // In the order of their ids, in which all lock rows of tasks.
      for (const [holder, item] of [...waiting].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const revoked = await replace(run, holder, item.task);
        if (revoked) this.replaced.set(item, revoked);
      }
    }
  }

  /**
   * One statement for all that are open; tells whether none is left.
   * @param waiting gets the tasks that are to be replaced, with whom they are replaced by.
   */
  async ask(run: RunStatement, waiting?: Map<string, FirstItem>): Promise<boolean> {
    const open = this.openItems();
    const rows = await run<RawFirst>(INSERT_FIRST_EACH, this.values(open));
    const ofSameKey: [FirstItem, RawFirst][] = [];
    open.forEach((item, i) => {
      const row = rows[i]!;
      if (row.verdict === 'key' && this.byId.has(row.holder)) ofSameKey.push([item, row]);
      else if (row.verdict === 'replaceable') {
        if (waiting && !waiting.has(row.holder)) waiting.set(row.holder, item);
      } else if (row.verdict !== 'later') this.settle(item, this.outcome(item, row));
    });
    for (const [item, row] of ofSameKey) this.settleAsFirst(item, row);
    return this.decided.size === this.items.length;
  }

  private outcome(item: FirstItem, { holder: taskId, verdict, fingerprint }: RawFirst): Decided {
    if (verdict === 'rejected') return new TaskNotUniqueError(item.task.name, taskId);
    const replaced = this.replaced.get(item);
    return {
      taskId,
      fresh: verdict === 'fresh',
      fingerprint,
      ...(verdict === 'existing' && { unique: true }),
      ...(replaced && { replaced }),
    };
  }

  /** Another one of the batch has the same idempotency key, and was first: what it came to is what the key stands for. */
  private settleAsFirst(item: FirstItem, { holder, fingerprint }: RawFirst): void {
    const first = this.byId.get(holder)!;
    const outcome = this.decided.get(first);
    if (!outcome) return;
    if (outcome instanceof Error) {
      // Its key is free again. The same submit would be rejected the same way; another one is asked for by itself.
      if (fingerprint === item.key!.fingerprint) this.settle(item, outcome);
      return;
    }
    this.settle(item, { taskId: outcome.taskId, fresh: false, fingerprint });
  }

  private values(items: readonly FirstItem[]): unknown[] {
    const keys = items.map(({ key }) => key);
    const uniques = items.map(({ unique }) => unique);
    return [
      ...newTaskValues(items.map(({ task }) => task)),
      plainArray(items.map(({ delayMs }) => delayMs)),
      plainArray(items.map(({ leaseMs }) => (leaseMs > 0 ? leaseMs : null))),
      textArray(keys.map((key) => key?.scope ?? null)),
      textArray(keys.map((key) => key?.key ?? null)),
      plainArray(keys.map((key) => key?.ttlMs ?? null)),
      textArray(keys.map((key) => key?.fingerprint ?? null)),
      textArray(uniques.map((unique) => unique?.key ?? null)),
      plainArray(uniques.map((unique) => unique?.periodMs ?? null)),
      textArray(uniques.map((unique) => unique?.states.join(',') ?? null)),
      textArray(uniques.map((unique) => unique?.onConflict ?? null)),
      plainArray(items.map((item) => this.replaced.get(item)?.id ?? null)),
      this.patienceMs,
    ];
  }
}

const isLocked = (error: unknown): boolean => (error as { code?: unknown }).code === '55P03';
const isOfOne = (error: unknown): boolean => isLocked(error) || hasCode(error, 'value_refused');
