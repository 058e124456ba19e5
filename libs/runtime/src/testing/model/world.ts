import pg from 'pg';
import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { blankTask, StoreUnavailableError, type Clock, type NewTask, type TaskStore } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { defineTask, isTerminal, type AnyContract, type TaskState } from '@lovage/task';
import { silentLog, TestClock, testDatabase, type TestDatabase, revokeOne, insertOne } from '@lovage/testing';
import type { TaskEntry } from '../../entry.ts';
import { HandlerTable } from '../../handlers.ts';
import { messageOf, ModelBroker } from './model-broker.ts';
import { ModelWorker } from './model-worker.ts';
import { HOUR_MS, OUTCOMES } from './outcomes.ts';
import type { Step } from './steps.ts';

const full = defineTask({ name: 'model.full', input: z.object({}), output: z.unknown(), progress: z.number() });
const claim = defineTask({ ...full, input: z.object({}), name: 'model.claim', defaults: { ack: 'claim' } });
const final = defineTask({ ...full, input: z.object({}), name: 'model.final', defaults: { record: 'final' } });
const contracts = { full, claim, final };
const handlers = new HandlerTable(
  Object.values(contracts),
  Object.values(contracts).map(({ name }) => ({ name, handle: () => undefined })),
);

const WORKERS = 3;
/** Longer than the sweep's pause between two thorough looks, ms. */
const MINUTE_MS = 61_000;
const CLAIMED: readonly TaskState[] = ['STARTED', 'PROGRESS'];

/** Pauses are over at once. */
const hurried: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(_delayMs, run) {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

interface Row {
  id: string;
  state: TaskState;
  generation: number;
  claimed: boolean;
  finished: boolean;
  boxed: boolean;
  revoked: boolean;
  told: boolean;
  /** All that a terminal row must keep. */
  end: string;
}

/** The tables themselves, a modelled broker, and workers that move when the test says so. Time is moved by backdating rows. */
export class World {
  private broker = new ModelBroker();
  private workers: ModelWorker[] = [];
  /** Every task that a producer was told is accepted. */
  private accepted: string[] = [];
  private unwritten: NewTask[] = [];
  private ends = new Map<string, string>();
  private recorded = new Map<string, number>();
  private kept = new Map<string, string>();
  private answerLost = false;
  private readonly sweepClock = new TestClock();
  private readonly store: PgStore;
  private readonly tasks: TaskStore;

  private constructor(
    private readonly db: TestDatabase,
    /** One connection for all that the model does beside the stores; it holds the session locks of living workers. */
    private readonly sql: pg.Client,
  ) {
    this.store = openStore({ url: db.url, log: silentLog, clock: this.sweepClock });
    this.tasks = this.losingAnswers(this.store.tasks);
  }

  static async open(): Promise<World> {
    const db = await testDatabase();
    const sql = new pg.Client({ connectionString: db.url });
    await sql.connect();
    return new World(db, sql);
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.sql.end();
    await this.db.drop();
  }

  /** An empty world with living workers. */
  async reset(): Promise<void> {
    await this.sql.query('select pg_advisory_unlock_all()');
    await this.sql.query('truncate tasks, outbox, workers, message_holdings, attempts, keys, steps, task_counts');
    this.broker = new ModelBroker();
    this.accepted = [];
    this.unwritten = [];
    this.ends = new Map();
    this.recorded = new Map();
    this.kept = new Map();
    this.answerLost = false;
    this.workers = [];
    for (let i = 0; i < WORKERS; i += 1) this.workers.push(await this.newWorker());
  }

  async take(step: Step): Promise<void> {
    const worker = 'worker' in step ? this.workers[step.worker % WORKERS]! : undefined;
    switch (step.op) {
      case 'submit':
        return this.submit(step);
      case 'insert':
        return this.store.tasks.insertQueued(this.unwritten.splice(0));
      case 'deliver': {
        const delivery = this.broker.deliver(step.message, worker!.connection);
        return delivery && worker!.receive(delivery);
      }
      case 'claim':
        return worker!.claim();
      case 'progress': {
        const entry = [...worker!.running][step.which % Math.max(1, worker!.running.size)];
        if (!entry?.claimed) return;
        return this.store.tasks.progress(entry.worker!, [{ id: entry.id, claimNo: entry.claimNo, progress: '1' }]);
      }
      case 'keep':
        return this.keep([...worker!.running][step.which % Math.max(1, worker!.running.size)]);
      case 'finish': {
        const entry = [...worker!.running][step.which % Math.max(1, worker!.running.size)];
        if (!entry) return;
        // The end is committed, the ack never arrives.
        if (step.cut) this.reconnect(worker!);
        return worker!.finish(entry, OUTCOMES[step.how]);
      }
      case 'crash':
        await this.lapse(worker!.lease, true);
        this.broker.cut(worker!.connection);
        this.workers[step.worker % WORKERS] = await this.newWorker();
        return;
      case 'reconnect':
        return this.reconnect(worker!);
      case 'stall':
        worker!.stalled = true;
        return this.lapse(worker!.lease, false);
      case 'resume':
        return this.resume(worker!);
      case 'shutDown':
        await worker!.shutDown();
        this.broker.cut(worker!.connection);
        await this.sql.query('delete from workers where id = $1', [worker!.lease]);
        this.workers[step.worker % WORKERS] = await this.newWorker();
        return;
      case 'relay':
        return this.relay(step.dies);
      case 'time':
        await this.sql.query("update outbox set due_at = now() - interval '1 s', leased_until = null");
        return;
      case 'expire':
        await this.sql.query(
          "update tasks set expires_at = now() - interval '1 s' where expires_at is not null and id = $1",
          [this.acceptedId(step.task)],
        );
        return;
      case 'sweep':
        return this.sweep();
      case 'revoke': {
        const id = this.acceptedId(step.task);
        if (id) await this.tasksOrLost((tasks) => revokeOne(tasks, id, { actor: 'model', reason: null }));
        return;
      }
      case 'duplicate': {
        const { published } = this.broker;
        const message = published[step.message % Math.max(1, published.length)];
        return message && void this.broker.ready.push(message);
      }
      case 'loseAnswer':
        this.answerLost = true;
    }
  }

  /** @throws Error telling which promise is broken. */
  async check(): Promise<void> {
    const { rows } = await this.sql.query<Row>(`
      select t.id, state, t.turn as generation, claim_worker is not null as claimed, finished_at is not null as finished,
        cancel_at is not null as revoked, coalesce(error->>'type' = 'Revoked' and error->'data'->>'actor' = cancel_by, false) as told,
        exists (select from outbox o where o.task_id = t.id and o.turn = t.turn) as boxed,
        concat_ws('|', state, result, error, finished_at, retries) as end
      from tasks t`);
    for (const row of rows) {
      const task = `${row.id} (${row.state}, generation ${row.generation})`;
      const fail = (reason: string): never => {
        throw new Error(`${task} ${reason}`);
      };
      if (row.finished !== isTerminal(row.state)) fail('is ended and not, at once');
      if (row.claimed !== CLAIMED.includes(row.state)) fail(row.claimed ? 'has a claim' : 'has no claim');
      // A cancel request is never noted on what is over: there before the end, it decides the end.
      if (row.finished && row.revoked !== (row.state === 'REVOKED')) fail(row.revoked ? 'was cancelled' : 'was not');
      if (row.revoked && row.finished && !row.told) fail('does not tell who cancelled it');
      if (row.revoked && !row.finished && !row.claimed) fail('was cancelled, and waits');
      const before = this.ends.get(row.id);
      if (before !== undefined && before !== row.end) fail(`was over as ${before}, and is now ${row.end}`);
      if (row.finished) this.ends.set(row.id, row.end);
      else if (!row.claimed && !row.boxed && !this.broker.has(row.id, row.generation))
        fail('waits for a message that nobody has');
    }
    for (const [id, times] of this.recorded) if (times > 1) throw new Error(`${id} was recorded ${times} times`);
    for (const id of this.ends.keys())
      if (!rows.some((row) => row.id === id)) throw new Error(`${id} was over and is gone`);
    await this.checkCounts(rows);
  }

  /** Everything is well again: every accepted task must come to an end, and nothing may be left over. */
  async recover(): Promise<void> {
    await this.take({ op: 'insert' });
    for (let round = 0; round < 40; round += 1) {
      for (const worker of this.workers) {
        if (worker.stalled) await this.resume(worker);
        while (this.broker.ready.length > 0) worker.receive(this.broker.deliver(0, worker.connection)!);
        await worker.claim();
        for (const entry of [...worker.running]) await worker.finish(entry, OUTCOMES.success);
      }
      await this.check();
      if (await this.isDone()) return;
      await this.take({ op: 'time' });
      await this.relay('never');
      await this.sweep();
    }
    const { rows } = await this.sql.query('select * from tasks where finished_at is null');
    const missing = this.accepted.filter((id) => !this.ends.has(id));
    throw new Error(`never came to an end: ${missing.join(', ') || 'messages were left'}; ${JSON.stringify(rows)}`);
  }

  private async submit(step: Extract<Step, { op: 'submit' }>): Promise<void> {
    const contract: AnyContract = contracts[step.contract];
    const { name } = contract;
    const rowless = contract.options.record !== 'full';
    const id = newId();
    const expiresAt = step.expires ? Date.now() + HOUR_MS : null;
    const task: NewTask = blankTask({ id, name, queue: 'default', input: '{}', rootId: id, expiresAt });
    const first = messageOf(task, { generation: step.how === 'python' ? -1 : 0, retries: 0, hasRow: false });
    switch (step.how) {
      case 'fast':
        this.broker.publish(first);
        if (!rowless) await this.store.tasks.insertQueued([task]);
        break;
      case 'rowLate':
        this.broker.publish(first);
        if (!rowless) this.unwritten.push(task);
        break;
      case 'python':
        this.broker.publish(first);
        break;
      case 'confirmLost':
        this.broker.publish(first);
        await insertOne(this.store.tasks, task, { delayMs: 0, leaseMs: 0 });
        break;
      case 'rowFirst':
        await insertOne(this.store.tasks, task, { delayMs: 0, leaseMs: 0 });
        break;
      case 'delayed':
        await insertOne(this.store.tasks, task, { delayMs: HOUR_MS, leaseMs: 0 });
        break;
      case 'leased':
        await insertOne(this.store.tasks, task, { delayMs: 0, leaseMs: HOUR_MS });
        this.broker.publish(messageOf(task, { generation: 0, retries: 0, hasRow: true }));
        break;
    }
    this.accepted.push(id);
  }

  /** A handler records its step. It stands only under the claim in the row, and the first record of it for ever. */
  private async keep(entry: TaskEntry | undefined): Promise<void> {
    if (!entry?.claimed) return;
    const claim = { id: entry.id, worker: entry.worker!, claimNo: entry.claimNo };
    const mine = await this.sql.query('select from tasks where id = $1 and claim_worker = $2 and claim_no = $3', [
      ...[claim.id, claim.worker, claim.claimNo],
    ]);
    const kept = await this.store.steps.keep(claim, 'step', JSON.stringify(newId()));
    if ((kept.kind === 'kept') !== mine.rowCount! > 0) throw new Error(`${entry.id}: a step was ${kept.kind}`);
    if (kept.kind !== 'kept') return;
    const first = this.kept.get(entry.id) ?? kept.value;
    this.kept.set(entry.id, first);
    if (kept.value !== first) throw new Error(`${entry.id}: a step was ${first}, and is now ${kept.value}`);
  }

  private async relay(dies: Extract<Step, { op: 'relay' }>['dies']): Promise<void> {
    const items = await this.store.outbox.leaseDue({ withinMs: 1000, leaseMs: HOUR_MS, limit: 100 });
    if (dies === 'leased') return;
    for (const { task } of items) this.broker.publish(messageOf(task, { ...task, hasRow: true }));
    if (dies === 'published' || items.length === 0) return;
    await this.store.outbox.published(items);
  }

  private async sweep(): Promise<void> {
    await this.sweepClock.advance(MINUTE_MS);
    await this.store.sweep.sweep();
  }

  private reconnect(worker: ModelWorker): void {
    this.broker.cut(worker.connection);
    worker.connection = { alive: true };
  }

  private async resume(worker: ModelWorker): Promise<void> {
    if (!worker.stalled) return;
    await this.sql.query('select pg_advisory_unlock(hashtextextended($1::text, 0))', [worker.lease]);
    worker.resume(await this.newLease());
  }

  private async lapse(lease: string, dead: boolean): Promise<void> {
    await this.sql.query("update workers set lease_until = now() - interval '10 s' where id = $1", [lease]);
    if (dead) await this.sql.query('select pg_advisory_unlock(hashtextextended($1::text, 0))', [lease]);
  }

  private async newLease(): Promise<string> {
    const id = newId();
    await this.sql.query(`insert into workers (id, name, lease_until) values ($1, 'model', now() + interval '1 h')`, [
      id,
    ]);
    await this.sql.query('select pg_advisory_lock(hashtextextended($1::text, 0))', [id]);
    return id;
  }

  private async newWorker(): Promise<ModelWorker> {
    return new ModelWorker(await this.newLease(), {
      name: 'model',
      tasks: this.tasks,
      handlers,
      clock: hurried,
      onRecorded: (entry, outcome) => {
        // Without a claim nobody is told whether it was the first.
        if (outcome.kind === 'postponed' || !entry.claimed) return;
        this.recorded.set(entry.id, (this.recorded.get(entry.id) ?? 0) + 1);
      },
    });
  }

  private acceptedId(which: number): string | undefined {
    return this.accepted[which % Math.max(1, this.accepted.length)];
  }

  private async isDone(): Promise<boolean> {
    if (!this.broker.empty || !this.accepted.every((id) => this.ends.has(id))) return false;
    const { rows } = await this.sql.query<{ n: number }>('select count(*)::int as n from outbox');
    return rows[0]!.n === 0;
  }

  private async checkCounts(rows: readonly Row[]): Promise<void> {
    const counted = await this.sql.query<{ state: string; n: number }>(
      'select state, sum(n)::int as n from task_counts group by state having sum(n) <> 0',
    );
    const counts = new Map(counted.rows.map(({ state, n }) => [state, n]));
    for (const { state } of rows.filter((row) => row.finished)) counts.set(state, (counts.get(state) ?? 0) - 1);
    for (const [state, excess] of counts) if (excess !== 0) throw new Error(`${state} is counted ${excess} too often`);
  }

  private async tasksOrLost(run: (tasks: TaskStore) => Promise<unknown>): Promise<void> {
    await run(this.tasks).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
    });
  }

  /** Once armed, the next statement is run, but its answer does not arrive. */
  private losingAnswers(tasks: TaskStore): TaskStore {
    return new Proxy(tasks, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          if (!this.answerLost) return answer;
          this.answerLost = false;
          throw new StoreUnavailableError('the answer was lost');
        };
      },
    });
  }
}
