import { hasCode, isolate, plainArray, textArray } from '@lovage/foundation';
import type {
  ClaimedTask,
  ClaimItem,
  EndedOurs,
  EscapedItem,
  FinalItem,
  FirstItem,
  FirstOutcome,
  FreeingEnds,
  HandedOver,
  HandOverWish,
  NewTask,
  PassedOn,
  PassOnItem,
  PassOnLimits,
  PostponeItem,
  ProgressItem,
  RecordItem,
  RevokedBy,
  RevokedTask,
  SqlTransaction,
  TaskRow,
  ClaimState,
  TaskStore,
  UnclaimedPostponeItem,
  UniqueKey,
  WorkerId,
} from '@lovage/ports';
import type { TaskErrorDocument, TaskState } from '@lovage/task';
import type { Database, RunStatement, Statement } from '../database.ts';
import { END_UNCLAIMED, CANCEL_REQUESTED, REVOKE } from '../sql/cancel.ts';
import { CLAIM, PASSED, CLAIM_STATES, TAKE_OVER } from '../sql/claim.ts';
import { newTaskValues } from '../sql/columns.ts';
import { PASS_ON } from '../sql/pass-on.ts';
import {
  NOTE_ESCAPED,
  POSTPONE,
  POSTPONE_LIMITED,
  POSTPONE_UNCLAIMED,
  PROGRESS,
  RECORD,
  RECORD_FINAL,
  RECORD_LIMITED,
} from '../sql/record.ts';
import { GET_FINISHED, GET_TASK, GET_TASKS } from '../sql/read-task.ts';
import { INSERT_FIRST_MANY, INSERT_QUEUED } from '../sql/submit.ts';
import { toTaskRow, type RawTask } from '../task-row.ts';
import { handOver } from './hand-over.ts';
import { insertFirst, insertFirstIn } from './insert-first.ts';
import { runInTransaction } from './run-in-transaction.ts';
import { revokedTask, type RawRevoked } from './revoked-task.ts';
import { writeFollowUps } from './write-follow-ups.ts';

const SELECT_THERE: Statement = { name: 'tasks-there', text: 'select id from tasks where id = any($1::uuid[])' };

/** The system of record on Postgres; every method is one statement of `docs/delivery.md`. */
export class PgTaskStore implements TaskStore {
  constructor(private readonly database: Database) {}

  async insertQueued(tasks: readonly NewTask[]): Promise<void> {
    await this.database.run(INSERT_QUEUED, newTaskValues(tasks), 'submit');
  }

  insertFirst(
    items: readonly FirstItem[],
    { transaction }: { readonly transaction?: SqlTransaction | undefined } = {},
  ): Promise<FirstOutcome[]> {
    if (!transaction) return insertFirst(this.database, items);
    const run: RunStatement = (statement, values) => runInTransaction(transaction, statement, values);
    return insertFirstIn(
      run,
      items.map((item) => ({ ...item, leaseMs: 0 })),
    );
  }

  async insertFirstMany(
    items: readonly { readonly task: NewTask; readonly delayMs: number; readonly unique?: UniqueKey | undefined }[],
  ): Promise<string[]> {
    const free = items.filter(({ unique }) => !unique);
    const made = free.length === 0 ? [] : await this.insertFree(free);
    const bound = items.filter(({ unique }) => unique);
    if (bound.length === 0) return made;
    // What is there already must not cancel the task that has its key by now.
    const ids = plainArray(bound.map(({ task }) => task.id));
    const there = new Set((await this.database.run<{ id: string }>(SELECT_THERE, [ids])).map(({ id }) => id));
    const missing = bound.filter(({ task }) => !there.has(task.id)).map((item) => ({ ...item, leaseMs: 0 }));
    const outcomes = await this.insertFirst(missing);
    for (const [i, item] of missing.entries()) {
      const { task } = item;
      let outcome = outcomes[i]!;
      // Alone it waits for its key.
      if (outcome === 'locked') outcome = (await this.insertFirst([item]))[0]!;
      if (hasCode(outcome, 'value_refused')) throw outcome;
      if (!(outcome instanceof Error) && outcome !== 'locked' && outcome.fresh) made.push(task.id);
    }
    return made;
  }

  private async insertFree(items: readonly { task: NewTask; delayMs: number }[]): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(
      INSERT_FIRST_MANY,
      [...newTaskValues(items.map(({ task }) => task)), plainArray(items.map(({ delayMs }) => delayMs))],
      'submit',
    );
    return rows.map(({ id }) => id);
  }

  async claim(
    worker: { id: WorkerId; name: string },
    items: readonly ClaimItem[],
    options: { durable: boolean; suspects?: boolean },
  ): Promise<ClaimedTask[]> {
    return this.database.run<ClaimedTask & Record<string, unknown>>(
      CLAIM,
      [
        worker.id,
        worker.name,
        ...newTaskValues(items.map((item) => item.task)),
        plainArray(items.map((item) => item.generation)),
        plainArray(items.map((item) => item.claimNo)),
        plainArray(items.map((item) => item.hadRow)),
        options.suspects ?? false,
      ],
      options.durable ? 'durable' : 'relaxed',
    );
  }

  async claimStates(ids: readonly string[]): Promise<ClaimState[]> {
    const rows = await this.database.run<
      RawTask & Record<string, unknown> & { expired: boolean | null; holder_alive: boolean }
    >(CLAIM_STATES, [plainArray(ids)]);
    return rows.map((raw) => ({
      row: toTaskRow(raw),
      claimWorker: raw.claim_worker,
      claimNo: raw.claim_no === null ? null : Number(raw.claim_no),
      holderAlive: raw.holder_alive,
      expired: raw.expired ?? false,
    }));
  }

  async takeOver(
    worker: { id: WorkerId; name: string },
    claim: {
      id: string;
      claimNo: number;
      from: { worker: WorkerId; claimNo: number };
      release?: boolean;
      suspects?: boolean;
    },
  ): Promise<ClaimedTask | 'revoked' | 'released' | undefined> {
    const { id, claimNo, from, release = false, suspects = false } = claim;
    const values = [worker.id, worker.name, id, claimNo, from.worker, from.claimNo, release, suspects];
    const [row] = await this.database.run<ClaimedTask & { revoked: boolean; released: boolean }>(TAKE_OVER, values);
    if (!row) return undefined;
    const { revoked, released, ...taken } = row;
    return revoked ? 'revoked' : released ? 'released' : taken;
  }

  async record(worker: WorkerId, items: readonly RecordItem[]): Promise<EndedOurs> {
    const write = (batch: readonly RecordItem[]) =>
      batch.some(({ followUps }) => followUps)
        ? this.database.transaction((run) => recordFollowed(run, worker, batch))
        : runEnd(this.statements, recordOf(worker, batch));
    return endedOurs(await isolate(items, { write, onFaulty: (item, error) => write([notStorable(item, error)]) }));
  }

  async recordFinal(items: readonly FinalItem[]): Promise<void> {
    const write = (batch: readonly FinalItem[]) =>
      this.database.run(RECORD_FINAL, [
        ...newTaskValues(batch.map((item) => item.task)),
        textArray(batch.map((item) => item.state)),
        plainArray(batch.map((item) => item.retries)),
        textArray(batch.map((item) => item.worker)),
        textArray(batch.map((item) => item.result)),
        textArray(batch.map((item) => item.error)),
        plainArray(batch.map((item) => item.startedAt)),
      ]);
    await isolate(items, { write, onFaulty: (item, error) => write([notStorable(item, error)]) });
  }

  async postpone(worker: WorkerId, items: readonly PostponeItem[]): Promise<EndedOurs> {
    return endedOurs(await runEnd(this.statements, postponeOf(worker, items)));
  }

  async endHandingOver(
    worker: { id: WorkerId; name: string },
    ends: FreeingEnds,
    wish: HandOverWish,
  ): Promise<HandedOver> {
    const end = (run: RunStatement): Promise<RawEnded[]> =>
      ends.kind === 'record'
        ? recordFollowed(run, worker.id, ends.items)
        : runEnd(run, postponeOf(worker.id, ends.items));
    return this.database.transaction(async (run) => ({
      ours: endedOurs(await end(run)),
      successors: await handOver(run, worker, wish),
    }));
  }

  async postponeUnclaimed(items: readonly UnclaimedPostponeItem[]): Promise<void> {
    await this.database.run(POSTPONE_UNCLAIMED, [
      ...newTaskValues(items),
      plainArray(items.map((item) => item.generation)),
      plainArray(items.map((item) => item.retries)),
      textArray(items.map((item) => item.kind)),
      plainArray(items.map((item) => item.delayMs)),
      plainArray(items.map((item) => item.crashes)),
    ]);
  }

  async passOn(items: readonly PassOnItem[], limits: PassOnLimits): Promise<PassedOn[]> {
    const keys = new Set(items.map(({ limitKey }) => limitKey).filter((key) => key !== undefined));
    return this.database.run<PassedOn & Record<string, unknown>>(PASS_ON, [
      ...newTaskValues(items.map(({ task }) => task)),
      plainArray(items.map(({ generation }) => generation)),
      plainArray(items.map(({ hadRow }) => hadRow)),
      plainArray(items.map(({ claim }) => claim?.worker ?? null)),
      plainArray(items.map(({ claim }) => claim?.no ?? null)),
      plainArray(items.map(({ need }) => need.version ?? null)),
      textArray(items.map(({ need }) => need.fingerprint ?? null)),
      textArray(items.map(({ reason }) => reason)),
      plainArray(items.map(({ rowless }) => rowless)),
      ...[limits.mostMs, limits.mostRowlessMs],
      textArray([...keys]),
      plainArray(items.map(({ waits }) => waits)),
    ]);
  }

  async progress(worker: WorkerId, items: readonly ProgressItem[]): Promise<void> {
    const values = [
      worker,
      plainArray(items.map((item) => item.id)),
      plainArray(items.map((item) => item.claimNo)),
      textArray(items.map((item) => item.progress)),
    ];
    await this.database.run(PROGRESS, values, 'relaxed');
  }

  async noteEscaped(items: readonly EscapedItem[]): Promise<void> {
    const values = [
      plainArray(items.map((item) => item.id)),
      plainArray(items.map((item) => item.count)),
      textArray(items.map((item) => item.last)),
    ];
    await this.database.run(NOTE_ESCAPED, values, 'relaxed');
  }

  async endUnclaimed(id: string): Promise<TaskState | undefined> {
    const [row] = await this.database.run<{ state: TaskState | null }>(END_UNCLAIMED, [id]);
    return row?.state ?? undefined;
  }

  async revokeMany(ids: readonly string[], by: RevokedBy): Promise<RevokedTask[]> {
    if (ids.length === 0) return [];
    const values = [plainArray(ids), by.actor, by.reason, !by.waitingOnly];
    const rows = await this.database.run<RawRevoked>(REVOKE, values);
    const decided = rows.map((row) => revokedTask(row, by.waitingOnly ?? false));
    // Claimed or released between the snapshot and the lock: the row says something else by now.
    const again = rows.filter((_, i) => !decided[i]).map(({ id }) => id);
    return [...decided.filter((task) => task !== undefined), ...(await this.revokeMany(again, by))];
  }

  async cancelRequested(
    worker: WorkerId,
    claims: readonly { id: string; claimNo: number }[],
  ): Promise<{ id: string; actor: string | null; reason: string | null }[]> {
    const values = [worker, plainArray(claims.map(({ id }) => id)), plainArray(claims.map(({ claimNo }) => claimNo))];
    return this.database.run<{ id: string; actor: string | null; reason: string | null }>(CANCEL_REQUESTED, values);
  }

  async get(id: string): Promise<TaskRow | undefined> {
    const [raw] = await this.database.run<RawTask & Record<string, unknown>>(GET_TASK, [id]);
    return raw && toTaskRow(raw);
  }

  async getMany(ids: readonly string[]): Promise<TaskRow[]> {
    if (ids.length === 0) return [];
    return (await this.database.run<RawTask & Record<string, unknown>>(GET_TASKS, [plainArray(ids)])).map(toTaskRow);
  }

  async passed(times: readonly number[]): Promise<boolean[]> {
    const rows = await this.database.run<{ passed: boolean }>(PASSED, [plainArray(times)]);
    return rows.map(({ passed }) => passed);
  }

  async finished(ids: readonly string[]): Promise<TaskRow[]> {
    return (await this.database.run<RawTask & Record<string, unknown>>(GET_FINISHED, [plainArray(ids)])).map(toTaskRow);
  }

  private readonly statements: RunStatement = (statement, values) => this.database.run(statement, values);
}

interface End {
  readonly items: readonly { readonly limitKey?: string | undefined }[];
  readonly plain: Statement;
  readonly limited: Statement;
  readonly values: unknown[];
}

function recordOf(worker: WorkerId, items: readonly RecordItem[]): End {
  const values = [
    worker,
    plainArray(items.map((item) => item.id)),
    plainArray(items.map((item) => item.claimNo)),
    textArray(items.map((item) => item.state)),
    textArray(items.map((item) => item.result)),
    textArray(items.map((item) => item.error)),
  ];
  return { items, plain: RECORD, limited: RECORD_LIMITED, values };
}

function postponeOf(worker: WorkerId, items: readonly PostponeItem[]): End {
  const values = [
    worker,
    plainArray(items.map((item) => item.id)),
    plainArray(items.map((item) => item.claimNo)),
    textArray(items.map((item) => item.kind)),
    plainArray(items.map((item) => item.delayMs)),
    textArray(items.map((item) => item.error)),
    plainArray(items.map((item) => item.group ?? null)),
  ];
  return { items, plain: POSTPONE, limited: POSTPONE_LIMITED, values };
}

/** The statement that takes the keys of limits first, where there are any. */
function runEnd(run: RunStatement, { items, plain, limited, values }: End): Promise<RawEnded[]> {
  const keys = new Set(items.map(({ limitKey }) => limitKey).filter((key) => key !== undefined));
  return keys.size === 0 ? run(plain, values) : run(limited, [...values, textArray([...keys])]);
}

/** Ends attempts, and writes what those bring about that were ours and ended as given. `run` runs in one transaction. */
async function recordFollowed(run: RunStatement, worker: WorkerId, items: readonly RecordItem[]): Promise<RawEnded[]> {
  const rows = await runEnd(run, recordOf(worker, items));
  const followed = new Map(items.flatMap(({ id, followUps }) => (followUps ? [[id, followUps] as const] : [])));
  const ended = rows.flatMap(({ id, revoked }) => (revoked === null ? (followed.get(id) ?? []) : []));
  if (ended.length > 0) await writeFollowUps(run, ended);
  return rows;
}

// A type, not an interface: it must fit pg's rows, which have an index signature.
type RawEnded = {
  id: string;
  revoked: TaskErrorDocument | null;
};

function endedOurs(rows: readonly RawEnded[]): EndedOurs {
  const ours = new Map<string, TaskErrorDocument | null>();
  for (const { id, revoked } of rows) ours.set(id, revoked);
  return ours;
}

function notStorable<T extends RecordItem | FinalItem>(item: T, { message: reason }: Error): T {
  const error = {
    type: 'ResultNotStorable',
    message: `the task ended ${item.state}, but Postgres refused its value: ${reason}`,
  };
  return { ...item, state: 'FAILURE', result: null, error: JSON.stringify(error), followUps: undefined };
}
