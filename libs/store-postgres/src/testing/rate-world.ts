import pg from 'pg';
import { newId } from '@lovage/foundation';
import type { NewTask, TaskLimits } from '@lovage/ports';
import { silentLog, testDatabase, type TestDatabase, revokeOne } from '@lovage/testing';
import { openStore, type PgStore } from '../open-store.ts';
import { claimOf, newTask } from './fixture.ts';

const CONTRACT = 'test.rated';
/** Postgres' clock in this world, ms since the epoch. */
const BEGIN = Date.UTC(2030, 0, 1);
const BATCH = 100;

/**
 * Puts the clock of a database into a table. Statements and functions that ask Postgres for the time get this one, so they run
 * as they are.
 */
const CLOCK = `
create schema clock;
create table clock.clock (at timestamptz not null);
insert into clock.clock values (to_timestamp(${BEGIN} / 1000.0));
create function clock.now() returns timestamptz language sql stable as 'select at from clock.clock';
create function clock.clock_timestamp() returns timestamptz language sql stable as 'select at from clock.clock';`;

export interface PacedRate {
  readonly intervalMs: number;
  readonly burst: number;
}

export type RateStep =
  | { readonly op: 'submit'; readonly count: number }
  /** `jitterMs`: messages come up to so much later than they are due. */
  | { readonly op: 'pass'; readonly ms: number; readonly jitterMs: number }
  /** Messages are sent, and nobody takes them: the queue is paused, or the workers hang. */
  | { readonly op: 'stall'; readonly ms: number }
  /** Nothing is sent: no beat is there, or no broker. */
  | { readonly op: 'silence'; readonly ms: number }
  /** A worker dies with all that it runs. */
  | { readonly op: 'crash' }
  /** Postgres' clock is set. */
  | { readonly op: 'clock'; readonly ms: number }
  | { readonly op: 'cancel'; readonly nth: number };

interface Message {
  readonly task: NewTask;
  readonly generation: number;
}
interface Start {
  /** Of the world, which no clock's setting moves; ms. */
  readonly at: number;
  /** How often the clock had been set forward. */
  readonly forward: number;
}

/** Rates on their real SQL, in a time that moves when the test says so. */
export class RateWorld implements AsyncDisposable {
  readonly starts: Start[] = [];
  private real = 0;
  private offset = 0;
  private forward = 0;
  private rate: PacedRate = { intervalMs: 1000, burst: 1 };
  private worker = { id: newId(), name: 'worker' };
  private readonly tasks = new Map<string, NewTask>();
  private broker: Message[] = [];
  private running = new Map<string, { claimNo: number; message: Message }>();

  private constructor(
    private readonly db: TestDatabase,
    private readonly store: PgStore,
    private readonly connection: pg.Pool,
  ) {}

  static async open(): Promise<RateWorld> {
    const db = await testDatabase();
    await db.query(CLOCK);
    await db.query(
      `do $$ begin execute format('alter database %I set search_path = clock, public, pg_catalog', current_database()); end $$`,
    );
    const store = openStore({ url: db.url, log: silentLog });
    const connection = new pg.Pool({ connectionString: db.url, max: 1 });
    // The kit ends what is still open when the database is given up; a pool tells of that after its end, too.
    connection.on('error', () => undefined);
    connection.on('connect', (client) => client.on('error', () => undefined));
    return new RateWorld(db, store, connection);
  }

  async reset(rate: PacedRate): Promise<void> {
    this.rate = rate;
    this.starts.length = 0;
    [this.real, this.offset, this.forward, this.broker] = [0, 0, 0, []];
    this.running.clear();
    this.tasks.clear();
    await this.query('truncate tasks, attempts, outbox, workers, limit_keys, limit_slots, limit_tickets cascade');
    await this.setClock();
    await this.startWorker();
  }

  async take(step: RateStep): Promise<void> {
    switch (step.op) {
      case 'submit': {
        for (let i = 0; i < step.count; i += 1) {
          const task = newTask({ name: CONTRACT });
          this.tasks.set(task.id, task);
          this.broker.push({ task, generation: 0 });
        }
        return this.deliver();
      }
      case 'pass':
        return this.pass(step.ms, step.jitterMs);
      case 'stall':
        await this.advance(step.ms);
        return this.relay();
      case 'silence':
        return this.advance(step.ms);
      case 'crash':
        return this.crash();
      case 'clock':
        this.offset += step.ms;
        if (step.ms > 0) this.forward += 1;
        return this.setClock();
      case 'cancel': {
        const ids = [...this.tasks.keys()];
        if (ids.length > 0)
          await revokeOne(this.store.tasks, ids[step.nth % ids.length]!, {
            actor: null,
            reason: null,
            waitingOnly: true,
          });
      }
    }
  }

  /** Time passes until all tasks have ended. */
  async drain(): Promise<void> {
    for (let minute = 0; minute < 60; minute += 1) {
      const [row] = await this.query<{ live: number }>(
        'select count(*)::int as live from tasks where finished_at is null',
      );
      if (row!.live === 0 && this.broker.length === 0) return;
      await this.pass(60 * Math.max(1000, this.rate.intervalMs), 5);
      await this.query('select limits_mend_rates()');
    }
    throw new Error('tasks are left that never start');
  }

  /** The most starts in one period of the rate above what it allows; 0 or less: it was kept. */
  excess(): number {
    const { intervalMs, burst } = this.rate;
    const period = Math.max(1000, intervalMs);
    // Postgres takes a clock that is set forward for time that passed: the bucket is full again.
    const allowed = (steps: number) => Math.round(period / intervalMs) + burst + steps * (burst + 1 + 30 / intervalMs);
    let most = -Infinity;
    let from = 0;
    for (const [to, { at, forward }] of this.starts.entries()) {
      while (this.starts[from]!.at <= at - period) from += 1;
      most = Math.max(most, to - from + 1 - allowed(forward - this.starts[from]!.forward));
    }
    return most;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await this.connection.end();
    await this.db.drop();
  }

  private async query<R extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.connection.query<R>(sql, values)).rows;
  }

  private async setClock(): Promise<void> {
    await this.query('update clock.clock set at = to_timestamp($1::float8 / 1000)', [BEGIN + this.offset + this.real]);
  }

  private async advance(ms: number): Promise<void> {
    this.real += ms;
    await this.setClock();
  }

  /** From one message that is due to the next. */
  private async pass(ms: number, jitterMs: number): Promise<void> {
    const until = this.real + ms;
    for (let i = 0; ; i += 1) {
      await this.relay();
      await this.deliver();
      const [row] = await this.query<{ ms: number | null }>(
        `select (extract(epoch from min(due_at) - now()) * 1000)::float8 as ms from outbox where isfinite(due_at)`,
      );
      // A pattern that repeats: from nothing to all of the jitter.
      const next = row!.ms === null ? Infinity : Math.max(row!.ms, 0) + 0.1 + (jitterMs * ((i * 7) % 11)) / 10;
      if (this.real + next >= until) break;
      await this.advance(next);
    }
    await this.advance(Math.max(0, until - this.real));
  }

  private async relay(): Promise<void> {
    for (;;) {
      const items = await this.store.outbox.leaseDue({ withinMs: 0, leaseMs: 60_000, limit: 1000 });
      if (items.length === 0) return;
      for (const { taskId, generation } of items) this.broker.push({ task: this.tasks.get(taskId)!, generation });
      await this.store.outbox.published(items);
    }
  }

  private async deliver(): Promise<void> {
    const ends = [...this.running].map(([id, { claimNo }]) => ({ id, claimNo }));
    const ended = { state: 'SUCCESS', result: '1', error: null } as const;
    if (ends.length > 0)
      await this.store.tasks.record(
        this.worker.id,
        ends.map((end) => ({ ...end, ...ended })),
      );
    this.running.clear();
    while (this.broker.length > 0) {
      const batch = [...new Map(this.broker.splice(0, BATCH).map((message) => [message.task.id, message])).values()];
      await this.claim(batch);
    }
  }

  private async claim(messages: readonly Message[]): Promise<void> {
    const { intervalMs, burst } = this.rate;
    const limits: TaskLimits = {
      ...{ contract: CONTRACT, concurrency: null },
      rate: { key: `rate:${CONTRACT}`, intervalMs, burst },
    };
    const items = messages.map(({ task, generation }) => ({ ...claimOf(task, { generation }), limits }));
    const claims = await this.store.limits.claim(this.worker, items, { suspects: true });
    const outcomes = new Map(claims.map((claim) => [claim.id, claim.outcome]));
    for (const [i, message] of messages.entries()) {
      const outcome = outcomes.get(message.task.id);
      if (outcome === 'granted') {
        this.starts.push({ at: this.real, forward: this.forward });
        this.running.set(message.task.id, { claimNo: items[i]!.claimNo, message });
      } else if (outcome === undefined) await this.refused(message);
    }
  }

  /** As the worker decides: by the row. */
  private async refused(message: Message): Promise<void> {
    const [state] = await this.store.tasks.claimStates([message.task.id]);
    const { row, claimWorker, claimNo } = state!;
    if (row.finishedAt !== null || row.generation > message.generation || claimWorker === this.worker.id) return;
    if (claimWorker === null || claimNo === null) throw new Error('refused, and nothing speaks against it');
    const from = { worker: claimWorker, claimNo };
    const claim = { id: row.id, claimNo: claimOf(message.task).claimNo, from, release: true };
    if ((await this.store.tasks.takeOver(this.worker, { ...claim, suspects: true })) === 'released')
      this.broker.push(message);
  }

  private async crash(): Promise<void> {
    this.broker.push(...[...this.running.values()].map(({ message }) => message));
    this.running.clear();
    await this.query('delete from workers');
    await this.startWorker();
    return this.deliver();
  }

  private async startWorker(): Promise<void> {
    this.worker = { id: newId(), name: 'worker' };
    await this.query("insert into workers (id, name, lease_until) values ($1, $2, 'infinity')", [
      this.worker.id,
      this.worker.name,
    ]);
  }
}
