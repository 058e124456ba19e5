import { decodeResult } from '@lovage/celery';
import { deferred, newId } from '@lovage/foundation';
import { StoreUnavailableError, ValueRefusedError, type KeptDeadLetter, type NewDeadLetter } from '@lovage/ports';
import { eventually, MemoryBroker, silentLog, TestClock } from '@lovage/testing';
import { DeadLetterCollector } from './dead-letter-collector.ts';

/** A store in memory; each call may be answered by the test. */
class FakeDeadLetters {
  readonly kept: NewDeadLetter[] = [];
  readonly calls: (readonly NewDeadLetter[])[] = [];
  answer: (deadLetters: readonly NewDeadLetter[]) => Promise<KeptDeadLetter[]> = (deadLetters) =>
    Promise.resolve(deadLetters.map(({ id }) => ({ id, outcome: 'none', failed: false })));

  async keep(deadLetters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    this.calls.push(deadLetters);
    const kept = await this.answer(deadLetters);
    this.kept.push(...deadLetters);
    return kept;
  }
}

class CollectorFixture implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly deadLetters = new FakeDeadLetters();
  readonly clock = new TestClock();
  readonly collector: DeadLetterCollector;
  resent = 0;

  private constructor(prefetch: number) {
    const { broker, deadLetters, clock } = this;
    const onResent = (): void => void (this.resent += 1);
    this.collector = new DeadLetterCollector({ broker, deadLetters, clock, prefetch, log: silentLog, onResent });
  }

  static async open(prefetch = 100): Promise<CollectorFixture> {
    const fixture = new CollectorFixture(prefetch);
    await fixture.broker.start();
    await fixture.broker.declare('lovage.dead');
    return fixture;
  }

  bury(body = 'no task', extra: { headers?: Record<string, unknown>; replyTo?: string } = {}): Promise<void> {
    return this.broker.publish({
      queue: 'lovage.dead',
      body: Buffer.from(body),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      ...extra,
    });
  }

  /** How many the broker has, delivered and not acked included: those it would deliver again. */
  async left(): Promise<number> {
    this.broker.redeliver();
    const bodies: string[] = [];
    const other = await this.broker.consume('lovage.dead', {
      prefetch: 1000,
      onDelivery: ({ body }) => void bodies.push(body.toString()),
    });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await other.close();
    return bodies.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.collector.stop();
  }
}

test('a dead letter is written, then acked', async () => {
  await using f = await CollectorFixture.open();
  const written = deferred();
  f.deadLetters.answer = async (deadLetters) => {
    await written.promise;
    return deadLetters.map(({ id }) => ({ id, outcome: 'none', failed: false }));
  };
  await f.bury();
  const collected = f.collector.collected.next();
  await f.collector.start();
  await eventually(() => f.deadLetters.calls.length === 1);
  expect((await f.broker.depth('lovage.dead')).ready).toBe(0);
  written.resolve();
  expect((await collected).deadLetter).toMatchObject({ code: 'body_not_json', body: Buffer.from('no task') });
  await f.collector.stop();
  expect(await f.left()).toBe(0);
});

test('while Postgres is away dead letters are held, and no more are taken than there is room for', async () => {
  await using f = await CollectorFixture.open(2);
  const usual = f.deadLetters.answer;
  f.deadLetters.answer = () => Promise.reject(new StoreUnavailableError('away'));
  for (const body of ['1', '2', '3']) await f.bury(body);
  await f.collector.start();
  await eventually(() => f.deadLetters.calls.length === 1);
  await f.clock.advance(60_000);
  expect(f.deadLetters.calls.length).toBeGreaterThan(5);
  expect((await f.broker.depth('lovage.dead')).ready).toBe(1);
  f.deadLetters.answer = usual;
  await f.clock.advance(10_000);
  await eventually(() => f.deadLetters.kept.length === 3);
  expect(f.deadLetters.kept.map(({ body }) => body.toString())).toEqual(['1', '2', '3']);
});

test('stopped while Postgres is away it requeues them', async () => {
  await using f = await CollectorFixture.open();
  f.deadLetters.answer = () => Promise.reject(new StoreUnavailableError('away'));
  await f.bury();
  await f.collector.start();
  await eventually(() => f.deadLetters.calls.length > 0);
  await f.collector.stop();
  expect(await f.left()).toBe(1);
});

test('one that Postgres refuses is kept in part, and harms no other', async () => {
  await using f = await CollectorFixture.open();
  f.deadLetters.answer = (deadLetters) => {
    if (deadLetters.some(({ headers }) => headers.includes('bad'))) return Promise.reject(new ValueRefusedError('bad'));
    return Promise.resolve(deadLetters.map(({ id }) => ({ id, outcome: 'none' as const, failed: false })));
  };
  await f.bury('1');
  const id = newId();
  await f.bury('2', { headers: { bad: 1, task: 'a.b', id } });
  await f.bury('3');
  await f.collector.start();
  await eventually(() => f.deadLetters.kept.length === 3);
  expect(f.deadLetters.kept.map(({ body }) => body.toString())).toEqual(['1', '2', '3']);
  expect(f.deadLetters.kept[1]).toMatchObject({
    headers: '{}',
    taskId: id,
    hadRow: true,
    detail: expect.stringContaining('bad') as string,
  });
});

test('a task that is being sent is asked for again until it is decided, and the dead letter acked then', async () => {
  await using f = await CollectorFixture.open();
  const outcomes = [null, null, 'sent_again'] as const;
  f.deadLetters.answer = (deadLetters) =>
    Promise.resolve(
      deadLetters.map(({ id }) => ({ id, outcome: outcomes[f.deadLetters.calls.length - 1]!, failed: false })),
    );
  await f.bury();
  await f.collector.start();
  await eventually(() => f.deadLetters.calls.length === 1);
  await f.clock.advance(999);
  expect(f.deadLetters.calls).toHaveLength(1);
  await f.clock.advance(1);
  await eventually(() => f.deadLetters.calls.length === 2);
  await f.clock.advance(1000);
  await eventually(() => f.resent === 1);
  expect(f.deadLetters.calls.map(([deadLetter]) => deadLetter!.redelivered)).toEqual([false, true, true]);
  await f.collector.stop();
  expect(await f.left()).toBe(0);
});

test('callers that wait for a task that ends so are told', async () => {
  await using f = await CollectorFixture.open();
  f.deadLetters.answer = (deadLetters) =>
    Promise.resolve(deadLetters.map(({ id }) => ({ id, outcome: 'ended', failed: true })));
  const replied = deferred<Buffer>();
  const inbox = await f.broker.openReplies(({ body }) => replied.resolve(body));
  const id = newId();
  await f.bury('[', { headers: { task: 'math.add', id }, replyTo: inbox.address });
  await f.collector.start();
  expect(decodeResult(await replied.promise)).toMatchObject({
    taskId: id,
    state: 'FAILURE',
    error: { type: 'MessageMalformed' },
  });
});

test('a subscription that is refused is asked for again', async () => {
  await using f = await CollectorFixture.open();
  const { broker } = f;
  const declare = broker.declare.bind(broker);
  let refusals = 0;
  broker.declare = (queue) => (++refusals < 4 ? Promise.reject(new Error('refused')) : declare(queue));
  await f.bury();
  await f.collector.start();
  await f.clock.advance(60_000);
  await eventually(() => f.deadLetters.kept.length === 1);
  expect(refusals).toBe(4);
});

test('stopped before it ever started, and twice', async () => {
  await using f = await CollectorFixture.open();
  await f.collector.stop();
  await f.collector.stop();
});
