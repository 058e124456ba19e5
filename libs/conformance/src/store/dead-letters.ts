import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '@lovage/foundation';
import type { NewDeadLetter, NewTask } from '@lovage/ports';
import { modelRuns } from '@lovage/testing';
import { newTask } from './new-task.ts';
import type { StoreUnderTest } from './under-test.ts';

/** A message among the dead letters, and where it stands with the broker. */
interface Message {
  readonly task: NewTask;
  /** How often it was handed out. */
  deliveries: number;
  /** Who has it; undefined: it waits in the queue. */
  holder: ModelCollector | undefined;
  acked: boolean;
}

/** One process that collects. Killed, another takes its place; what it had sent to Postgres may still be carried out later. */
class ModelCollector {
  readonly held: { message: Message; deadLetter: NewDeadLetter }[] = [];
}

/** Every order of deliveries, writes, acks, deaths and late writes of two collectors on one queue, on the real store. */
class DeadLetterWorld {
  readonly messages: Message[] = [];
  private readonly collectors = [new ModelCollector(), new ModelCollector()];
  /** Statements of collectors that have died meanwhile. */
  private readonly late: NewDeadLetter[][] = [];

  constructor(private readonly f: StoreUnderTest) {}

  async bury(withRow: boolean): Promise<void> {
    const task = newTask();
    if (withRow) await this.f.stores.tasks.insertQueued([task]);
    this.messages.push({ task, deliveries: 0, holder: undefined, acked: false });
  }

  deliver(which: number, count: number): void {
    const collector = this.collectors[which]!;
    for (const message of this.messages.filter(({ holder, acked }) => !holder && !acked).slice(0, count)) {
      message.deliveries += 1;
      message.holder = collector;
      collector.held.push({ message, deadLetter: deadLetterOf(message) });
    }
  }

  async write(which: number, thenAck: boolean): Promise<void> {
    const { held } = this.collectors[which]!;
    if (held.length === 0) return;
    const kept = await this.f.stores.deadLetters.keep(held.map(({ deadLetter }) => deadLetter));
    expect(kept.map(({ outcome }) => outcome).every((outcome) => outcome === 'ended' || outcome === 'none')).toBe(true);
    if (!thenAck) return;
    for (const { message } of held.splice(0)) Object.assign(message, { holder: undefined, acked: true });
  }

  /** @param inFlight its statement has left, and is carried out when the test says so. */
  kill(which: number, inFlight: boolean): void {
    const dead = this.collectors[which]!;
    if (inFlight && dead.held.length > 0) this.late.push(dead.held.map(({ deadLetter }) => deadLetter));
    for (const { message } of dead.held) message.holder = undefined;
    this.collectors[which] = new ModelCollector();
  }

  async arriveLate(): Promise<void> {
    const deadLetters = this.late.shift();
    if (deadLetters) await this.f.stores.deadLetters.keep(deadLetters);
  }

  async settle(): Promise<void> {
    this.kill(0, true);
    while (this.messages.some(({ acked }) => !acked)) {
      this.deliver(1, this.messages.length);
      await this.write(1, true);
    }
    while (this.late.length > 0) await this.arriveLate();
  }
}

function deadLetterOf({ task, deliveries }: Message): NewDeadLetter {
  return {
    ...{
      id: newId(),
      fingerprint: `of ${task.id}`,
      redelivered: deliveries > 1,
      queue: task.queue,
      reason: 'rejected',
    },
    ...{
      code: null,
      detail: null,
      taskId: task.id,
      wireId: null,
      name: task.name,
      generation: 0,
      priority: null,
      hadRow: false,
    },
    ...{ headers: '{}', contentType: null, contentEncoding: null, body: Buffer.alloc(0), bodySize: 0, diedAt: null },
    ...{ task, error: '{"type":"MessageGivenUp","message":"x"}', resend: false },
  };
}

const which = fc.integer({ min: 0, max: 1 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('bury' as const), withRow: fc.boolean() }),
  fc.record({ kind: fc.constant('deliver' as const), which, count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('write' as const), which, thenAck: fc.boolean() }),
  fc.record({ kind: fc.constant('kill' as const), which, inFlight: fc.boolean() }),
  fc.constant({ kind: 'late' as const }),
);

export function deadLetters(underTest: () => StoreUnderTest): void {
  test('in any order of deliveries, writes, acks and deaths each dead-lettered message is kept once, and no row waits for it', async () => {
    const f = underTest();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        await f.clear();
        const world = new DeadLetterWorld(f);
        await world.bury(true);
        for (const one of steps) {
          if (one.kind === 'bury') await world.bury(one.withRow);
          else if (one.kind === 'deliver') world.deliver(one.which, one.count);
          else if (one.kind === 'write') await world.write(one.which, one.thenAck);
          else if (one.kind === 'kill') world.kill(one.which, one.inFlight);
          else await world.arriveLate();
        }
        await world.settle();
        const ids = world.messages.map(({ task }) => task.id);
        const { items } = await f.stores.deadLetters.list({}, { limit: 100 });
        expect(items.map(({ taskId }) => taskId).sort()).toEqual([...ids].sort());
        expect((await f.stores.tasks.getMany(ids)).map(({ state }) => state)).toEqual(ids.map(() => 'FAILURE'));
      }),
      modelRuns('dead letters', 60),
    );
  }, 300_000);
}
