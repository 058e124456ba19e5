import { MemoryBroker, RecordingLog, TestClock } from '@lovage/testing';
import { FakeOutbox, messageOf, rest, timesOf } from '../testing/fakes.ts';
import { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.ts';

async function setUp(options: Partial<OutboxRelayOptions> = {}) {
  const clock = new TestClock();
  const outbox = new FakeOutbox(clock);
  const broker = new MemoryBroker();
  const sent = timesOf(broker, clock);
  const log = new RecordingLog();
  await broker.start();
  await broker.declare('default');
  const relay = new OutboxRelay({ broker, outbox, messageOf, log, clock, ...options });
  return { clock, outbox, broker, sent, log, relay };
}

describe('OutboxRelay', () => {
  test('sends each message at its millisecond, never before, and takes it out of the outbox', async () => {
    const { clock, outbox, relay, sent } = await setUp();
    for (const dueInMs of [-50, 0, 1, 199.5, 1500, 2750.25, 60_000]) outbox.put(String(dueInMs), dueInMs);
    await relay.start();
    await rest(clock);
    await clock.advance(3000);
    expect(sent).toEqual([
      { id: '-50', at: 0 },
      { id: '0', at: 0 },
      { id: '1', at: 1 },
      { id: '199.5', at: 200 },
      { id: '1500', at: 1500 },
      { id: '2750.25', at: 2751 },
    ]);
    expect([...outbox.entries.keys()]).toEqual(['60000']);
    await relay.stop();
  });

  test('takes further batches at once while they are full', async () => {
    const { clock, outbox, relay, sent } = await setUp({ batch: 100 });
    for (let i = 0; i < 950; i += 1) outbox.put(String(i), -i);
    await relay.start();
    await rest(clock);
    expect(sent.length).toBe(950);
    expect(outbox.entries.size).toBe(0);
    // Acks of a batch go together.
    expect(outbox.calls.filter((call) => call === 'published').length).toBeLessThan(30);
    await relay.stop();
  });

  test('messages that are due one by one are sent one by one, and acked together', async () => {
    const { clock, outbox, relay, sent } = await setUp();
    for (let at = 1; at <= 60; at += 1) outbox.put(String(at), at);
    await relay.start();
    await rest(clock);
    for (let at = 1; at <= 60; at += 1) await clock.advance(1);
    expect(sent).toEqual(Array.from({ length: 60 }, (_, n) => ({ id: String(n + 1), at: n + 1 })));
    // Two flushes at once, each with a linger of 25 ms after a batch.
    expect(outbox.calls.filter((call) => call === 'published').length).toBeLessThan(12);
    await relay.stop();
    expect(outbox.entries.size).toBe(0);
  });

  test('holds no more than it may, and goes on when confirms come', async () => {
    const { clock, outbox, broker, relay, sent } = await setUp({ batch: 100, maxHeld: 150 });
    for (let i = 0; i < 400; i += 1) outbox.put(String(i), -i);
    const release = broker.holdConfirms();
    await relay.start();
    await rest(clock);
    await clock.advance(5000);
    expect(sent.length).toBe(150);
    release();
    await clock.advance(1000);
    expect(sent.length).toBe(400);
    await relay.stop();
  });

  test('takes nothing while the broker is away, and looks at once when it is back', async () => {
    const { clock, outbox, broker, relay, sent } = await setUp({ everyMs: 60_000 });
    broker.cut();
    await relay.start();
    outbox.put('a', 0);
    await clock.advance(1000);
    expect(outbox.calls).toEqual([]);
    broker.heal();
    await rest(clock);
    expect(sent).toEqual([{ id: 'a', at: 1000 }]);
    outbox.put('b', 0);
    relay.poke();
    await rest(clock);
    expect(sent.length).toBe(2);
    await relay.stop();
    relay.poke();
  });

  test('a broker that goes away before a message is due: the message is released at once', async () => {
    const { clock, outbox, broker, relay } = await setUp();
    outbox.put('a', 500);
    await relay.start();
    await rest(clock);
    await clock.advance(100);
    broker.cut();
    await clock.advance(400);
    expect(outbox.releases).toEqual([{ ids: ['a'], delayMs: 0 }]);
    broker.heal();
    await rest(clock);
    expect(outbox.entries.size).toBe(0);
    await relay.stop();
  });

  test('what the broker refuses is tried again with waits that double up to a minute, and holds up nothing', async () => {
    const { clock, outbox, broker, log, relay, sent } = await setUp();
    outbox.put('lost', 0, 'no-such-queue');
    await relay.start();
    await rest(clock);
    outbox.put('fine', 0);
    await clock.advance(300_000);
    const tries = sent.filter(({ id }) => id === 'lost').map(({ at }) => at);
    const waits = tries.slice(1).map((at, i) => at - tries[i]!);
    expect(waits.slice(0, 6).every((wait, i) => i === 0 || wait >= waits[i - 1]!)).toBe(true);
    expect(waits[0]).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_200);
    expect(tries.length).toBeLessThan(15);
    expect(sent.filter(({ id }) => id === 'fine').length).toBe(1);
    expect(log.entries).toContainEqual(expect.objectContaining({ level: 'warn' }));
    await broker.declare('no-such-queue');
    await clock.advance(60_200);
    expect(outbox.entries.size).toBe(0);
    await relay.stop();
  });

  test('a row that no message can be made of harms no other', async () => {
    const broken = (row: Parameters<typeof messageOf>[0]) => {
      if (row.id === 'bad') throw new TypeError('no object');
      return messageOf(row);
    };
    const { clock, outbox, relay } = await setUp({ messageOf: broken });
    outbox.put('bad', 0);
    outbox.put('good', 0);
    await relay.start();
    await rest(clock);
    expect([...outbox.entries.keys()]).toEqual(['bad']);
    await relay.stop();
  });

  test('while Postgres is away nothing is lost: it looks again, and acks what was sent', async () => {
    const { clock, outbox, log, relay, sent } = await setUp();
    outbox.put('a', 500);
    await relay.start();
    await rest(clock);
    await clock.advance(100);
    outbox.away = true;
    await clock.advance(5000);
    expect(sent).toEqual([{ id: 'a', at: 500 }]);
    expect(outbox.entries.size).toBe(1);
    outbox.away = false;
    await clock.advance(5000);
    expect(outbox.entries.size).toBe(0);
    expect(sent.length).toBe(1);
    expect(log.entries.filter(({ level }) => level === 'warn').length).toBe(2);
    await relay.stop();
  });

  test('stop releases what is not due and waits for the confirms under way', async () => {
    const { clock, outbox, broker, relay, sent } = await setUp();
    outbox.put('now', 0);
    outbox.put('soon', 700);
    const release = broker.holdConfirms();
    await relay.start();
    await rest(clock);
    let stopped = false;
    const stopping = relay.stop().then(() => (stopped = true));
    await rest(clock);
    expect(stopped).toBe(false);
    expect(outbox.releases).toEqual([{ ids: ['soon'], delayMs: 0 }]);
    release();
    await stopping;
    expect([...outbox.entries.keys()]).toEqual(['soon']);
    await clock.advance(10_000);
    expect(sent.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('stop does not wait for a broker that went away', async () => {
    const { clock, outbox, broker, relay } = await setUp();
    outbox.put('now', 0);
    broker.holdConfirms();
    await relay.start();
    await rest(clock);
    const stopping = relay.stop();
    await rest(clock);
    broker.cut();
    await stopping;
    expect(outbox.entries.size).toBe(1);
  });

  test('start and stop in any order and number', async () => {
    for (const steps of ['s', 'Ss', 'SSss', 'sS', 'Sss']) {
      const { relay } = await setUp();
      await Promise.allSettled([...steps].map((step) => (step === 'S' ? relay.start() : relay.stop())));
      await relay.stop();
    }
  });
});
