import type { AwaitedMessage, QueueHolders, RescueCursor, RescueStore } from '@lovage/ports';
import { MemoryBroker, RecordingLog, TestClock } from '@lovage/testing';
import { messageOf, rest } from '../testing/fakes.ts';
import { Rescuer } from './rescuer.ts';

/** Tasks that wait for a message, as the store finds them: the oldest first, in pages. */
class WaitingTasks implements RescueStore {
  readonly waiting: AwaitedMessage[] = [];
  readonly sent: string[] = [];
  /** What those who serve the queues answer. */
  holding: QueueHolders[] = [];

  put(queue: string, ...ids: string[]): void {
    for (const taskId of ids) this.waiting.push({ taskId, generation: 0, queue });
  }

  async awaited(options: { after: RescueCursor | undefined; limit: number }) {
    const from = options.after ? this.waiting.findIndex(({ taskId }) => taskId === options.after!.id) + 1 : 0;
    const items = this.waiting.slice(from, from + options.limit);
    const next = items.length < options.limit ? undefined : { at: '', id: items.at(-1)!.taskId };
    return { items, next };
  }

  async ask(): Promise<string> {
    return 'now';
  }

  async holders(): Promise<QueueHolders[]> {
    return this.holding;
  }

  async resend(items: readonly AwaitedMessage[]): Promise<number> {
    this.sent.push(...items.map(({ taskId }) => taskId));
    return items.length;
  }
}

async function setUp(options: { page?: number } = {}) {
  const broker = new MemoryBroker();
  await broker.start();
  await broker.declare('q');
  const rescue = new WaitingTasks();
  const log = new RecordingLog();
  const clock = new TestClock();
  let pokes = 0;
  const rescuer = new Rescuer({ broker, rescue, log, clock, onResent: () => (pokes += 1), ...options });
  return { broker, rescue, log, clock, rescuer, pokes: () => pokes };
}

describe('Rescuer', () => {
  test('sends again what waits on an empty queue in two looks in a row, and tells the relay', async () => {
    const { rescue, rescuer, log, pokes } = await setUp();
    rescue.put('q', 'a', 'b');
    expect(await rescuer.runOnce()).toBe(0);
    expect(await rescuer.runOnce()).toBe(2);
    expect(rescue.sent).toEqual(['a', 'b']);
    expect(pokes()).toBe(1);
    expect(log.entries).toMatchObject([{ level: 'warn', fields: { tasks: 2, queues: ['q'] } }]);
  });

  test('leaves a queue alone in which messages wait, also if they came since the first look', async () => {
    const { broker, rescue, rescuer } = await setUp();
    rescue.put('q', 'a');
    await rescuer.runOnce();
    await broker.publish(messageOf({ id: 'a', queue: 'q' } as never));
    await rescuer.runOnce();
    await rescuer.runOnce();
    expect(rescue.sent).toEqual([]);
  });

  test('leaves alone what a worker holds, and sends the rest', async () => {
    const { broker, rescue, rescuer } = await setUp();
    await broker.consume('q', { prefetch: 1, onDelivery: () => undefined });
    rescue.put('q', 'held', 'lost');
    rescue.holding = [{ queue: 'q', workers: 1, answered: 1, held: new Set(['held']) }];
    await rescuer.runOnce();
    await rescuer.runOnce();
    expect(rescue.sent).toEqual(['lost']);
  });

  test.each([
    ['a worker that has not answered', 1, 2, 1],
    ['a consumer that cannot be asked', 2, 1, 1],
    ['a consumer that is no worker', 1, 0, 0],
  ])('leaves a queue alone with %s', async (_, consumers, workers, answered) => {
    const { broker, rescue, rescuer, log } = await setUp();
    for (let n = 0; n < consumers; n += 1) await broker.consume('q', { prefetch: 1, onDelivery: () => undefined });
    rescue.put('q', 'a');
    rescue.holding = [{ queue: 'q', workers, answered, held: new Set() }];
    for (let look = 0; look < 3; look += 1) await rescuer.runOnce();
    expect(rescue.sent).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  test('waits for a queue that is not there until somebody serves it', async () => {
    const { broker, rescue, rescuer } = await setUp();
    rescue.put('gone', 'a');
    await rescuer.runOnce();
    expect(await rescuer.runOnce()).toBe(0);
    await broker.declare('gone');
    await rescuer.runOnce();
    expect(await rescuer.runOnce()).toBe(1);
  });

  test('forgets what it saw when the broker goes', async () => {
    const { broker, rescue, rescuer } = await setUp();
    rescue.put('q', 'a');
    await rescuer.runOnce();
    broker.cut();
    expect(await rescuer.runOnce()).toBe(0);
    broker.heal();
    expect(await rescuer.runOnce()).toBe(0);
    expect(await rescuer.runOnce()).toBe(1);
  });

  test('reaches those behind a page of others', async () => {
    const { broker, rescue, rescuer } = await setUp({ page: 2 });
    await broker.declare('busy');
    await broker.publish(messageOf({ id: 'x', queue: 'busy' } as never));
    rescue.put('busy', 'x', 'y', 'z');
    rescue.put('q', 'a');
    for (let look = 0; look < 3; look += 1) await rescuer.runOnce();
    expect(rescue.sent).toEqual(['a']);
  });

  test('looks every five seconds, and stops', async () => {
    const { clock, rescuer } = await setUp();
    let looks = 0;
    rescuer.looked.on(() => (looks += 1));
    await rescuer.start();
    await rest(clock);
    await clock.advance(10_000);
    expect(looks).toBe(3);
    await rescuer.stop();
    await clock.advance(10_000);
    expect(looks).toBe(3);
  });
});
