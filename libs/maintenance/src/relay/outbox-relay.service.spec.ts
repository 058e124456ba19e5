import { z } from 'zod';
import { LovageClient, messageOfRow } from '@lovage/client';
import { systemClock } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { ContractRegistry, defineTask } from '@lovage/task';
import { eventually, MemoryBroker, silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { Sweeper } from '../sweep/sweeper.ts';
import { timesOf } from '../testing/fakes.ts';
import { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.ts';

const echo = defineTask({ name: 'test.echo', input: z.strictObject({ value: z.unknown() }), output: z.unknown() });

class RelayFixture implements AsyncDisposable {
  private readonly relays: OutboxRelay[] = [];
  private readonly stores: PgStore[] = [];
  readonly store: PgStore;
  /** Where submits go: it is away, so that each becomes a message of the outbox. */
  private readonly nowhere = new MemoryBroker();

  private constructor(readonly db: TestDatabase) {
    this.store = this.openStore();
  }

  static async open(): Promise<RelayFixture> {
    return new RelayFixture(await testDatabase());
  }

  /** A relay with connections of its own, as another process has. */
  async relay(broker: MemoryBroker, options: Partial<OutboxRelayOptions> = {}): Promise<OutboxRelay> {
    if (broker.state === 'down') await broker.start();
    await broker.declare('default');
    const { outbox } = this.openStore();
    const relay = new OutboxRelay({
      broker,
      outbox,
      messageOf: (row) => messageOfRow(row, broker),
      log: silentLog,
      ...options,
    });
    this.relays.push(relay);
    await relay.start();
    return relay;
  }

  client(): LovageClient {
    const contracts = new ContractRegistry([echo]);
    const { tasks, outbox } = this.store;
    return new LovageClient({ broker: this.nowhere, tasks, outbox, contracts, log: silentLog });
  }

  async outboxSize(): Promise<number> {
    const [row] = await this.db.query<{ count: number }>('select count(*)::int from outbox');
    return row!.count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay.stop()));
    await Promise.all(this.stores.map((store) => store.close()));
    await this.db.drop();
  }

  private openStore(): PgStore {
    const store = openStore({ url: this.db.url, log: silentLog, maxConnections: 4 });
    this.stores.push(store);
    return store;
  }
}

describe('the relay on PostgreSQL', () => {
  test('three at once send each message once, and its task becomes QUEUED', async () => {
    await using fixture = await RelayFixture.open();
    const client = fixture.client();
    const handles = await Promise.all(Array.from({ length: 600 }, (_, value) => client.submit(echo, { value })));
    const broker = new MemoryBroker();
    await Promise.all([1, 2, 3].map(() => fixture.relay(broker, { batch: 50 })));
    await eventually(async () => (await fixture.outboxSize()) === 0);
    expect(broker.sent.map(({ correlationId }) => correlationId).sort()).toEqual(handles.map(({ id }) => id).sort());
    const states = await fixture.db.query<{ state: string }>('select distinct state from tasks');
    expect(states).toEqual([{ state: 'QUEUED' }]);
  });

  test('what a dead relay had taken another sends when the lease has run out', async () => {
    await using fixture = await RelayFixture.open();
    const { id } = await fixture.client().submit(echo, { value: 1 });
    // A broker that never confirms: its relay holds the lease and acks nothing, as one that was killed.
    const silent = new MemoryBroker();
    silent.holdConfirms();
    const taken = silent.publishing.next();
    const dead = await fixture.relay(silent, { leaseMs: 400, everyMs: 60_000 });
    expect((await taken).correlationId).toBe(id);
    const takenAt = performance.now();
    const broker = new MemoryBroker();
    const sent = broker.publishing.next();
    await fixture.relay(broker, { everyMs: 20 });
    expect((await sent).correlationId).toBe(id);
    expect(performance.now() - takenAt).toBeGreaterThan(300);
    await eventually(async () => (await fixture.outboxSize()) === 0);
    silent.cut();
    await dead.stop();
  });

  test('nothing is sent before it is due, by the database’s clock, and all of it soon after', async () => {
    await using fixture = await RelayFixture.open();
    const client = fixture.client();
    const broker = new MemoryBroker();
    const sent = timesOf(broker, systemClock);
    const due = new Map<string, number>();
    const [{ now }] = (await fixture.db.query(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
    )) as [{ now: number }];
    const offset = now - performance.now();
    await fixture.relay(broker);
    await Promise.all(
      Array.from({ length: 300 }, (_, i) => client.submit(echo, { value: i }, { delay: `${600 + (i % 100) * 8}ms` })),
    );
    for (const row of await fixture.db.query<{ id: string; at: number }>(
      'select task_id as id, extract(epoch from due_at)::float8 * 1000 as at from outbox',
    ))
      due.set(row.id, row.at - offset);
    await eventually(() => sent.length >= 300);
    const late = sent.map(({ id, at }) => at - due.get(id)!).sort((a, b) => a - b);
    // The offset between the two clocks is known to a query's time, the column to a millisecond.
    expect(late[0]).toBeGreaterThan(-10);
    expect(late[150]).toBeLessThan(100);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(300);
  });

  test('what a task says survives the way through the outbox', async () => {
    await using fixture = await RelayFixture.open();
    const client = fixture.client();
    const value = { text: 'é\u0000', deep: [[null, { a: -1.5e-7 }]] };
    const { id } = await client.submit(echo, { value }, { timeLimit: 9, expires: '1h' });
    const broker = new MemoryBroker();
    await fixture.relay(broker);
    const delivery = await new Promise<{ body: Buffer; headers: object }>((resolve) => {
      void broker.consume('default', { prefetch: 1, onDelivery: resolve });
    });
    expect(JSON.parse(delivery.body.toString())).toMatchObject([[], { value }, {}]);
    expect(delivery.headers).toMatchObject({ id, timelimit: [9, null], 'x-lovage-row': 1, 'x-lovage-turn': 0 });
  });

  test('what a lapsed worker held is queued again, at once', async () => {
    await using fixture = await RelayFixture.open();
    const client = fixture.client();
    const broker = new MemoryBroker();
    const relay = await fixture.relay(broker, { everyMs: 60_000 });
    const { id } = await client.submit(echo, { value: 1 });
    const first = broker.publishing.next();
    relay.poke();
    await first;
    await eventually(async () => (await fixture.outboxSize()) === 0);
    const worker = '01a1fbb7-f668-72f8-b5cd-3f789396c592';
    await fixture.db.query("insert into workers (id, name, lease_until) values ($1, 'w', now() - interval '2 s')", [
      worker,
    ]);
    await fixture.db.query("update tasks set state = 'STARTED', claim_worker = $1, claim_no = 1 where id = $2", [
      worker,
      id,
    ]);
    const again = broker.publishing.next();
    const sweeper = new Sweeper({
      sweep: fixture.store.sweep,
      broker: { reply: () => undefined },
      log: silentLog,
      onRequeued: () => relay.poke(),
    });
    await sweeper.start();
    expect((await again).correlationId).toBe(id);
    await sweeper.stop();
    expect(await fixture.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', suspected: 1, generation: 0 });
  });
});
