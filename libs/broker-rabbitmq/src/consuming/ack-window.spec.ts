import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AckWindow, type AckSink } from './ack-window.ts';

/** RabbitMQ's side of a channel: a frame about a tag that is not outstanding closes it. */
class ServerChannel implements AckSink {
  readonly outstanding = new Set<number>();
  readonly acked = new Set<number>();
  readonly requeued = new Set<number>();
  frames = 0;
  private last = 0;

  deliver(): number {
    this.last += 1;
    this.outstanding.add(this.last);
    return this.last;
  }

  ack(tag: number, multiple: boolean): void {
    this.expectOutstanding(tag);
    for (const other of [...this.outstanding]) {
      if (other !== tag && !(multiple && other < tag)) continue;
      this.outstanding.delete(other);
      this.acked.add(other);
    }
  }

  nack(tag: number): void {
    this.expectOutstanding(tag);
    this.outstanding.delete(tag);
    this.requeued.add(tag);
  }

  private expectOutstanding(tag: number): void {
    this.frames += 1;
    if (!this.outstanding.has(tag)) throw new Error(`406 PRECONDITION_FAILED - unknown delivery tag ${tag}`);
  }
}

/** What the holders of the deliveries have said so far. */
interface Model {
  last: number;
  readonly held: Set<number>;
  readonly reserved: Set<number>;
  readonly acked: Set<number>;
  readonly nacked: Set<number>;
}

interface Real {
  readonly server: ServerChannel;
  readonly window: AckWindow;
  /** Flushes asked for and not run yet. */
  readonly scheduled: (() => void)[];
}

type Step = fc.Command<Model, Real>;

const deliver: Step = {
  check: () => true,
  run: (model, real) => {
    model.last = real.server.deliver();
    model.held.add(model.last);
    real.window.delivered(model.last);
  },
  toString: () => 'deliver',
};

/** On any tag that ever was, settled ones too, and on some that never were. */
function settle(name: string, pick: number, run: (tag: number, model: Model, real: Real) => void): Step {
  const tagOf = (model: Model): number => 1 + (pick % (model.last + 2));
  return {
    check: () => true,
    run: (model, real) => run(tagOf(model), model, real),
    toString: () => `${name}(${pick})`,
  };
}

const ack = (pick: number): Step =>
  settle('ack', pick, (tag, model, real) => {
    if (model.held.delete(tag)) model.acked.add(tag);
    real.window.ack(tag);
  });

const nack = (pick: number): Step =>
  settle('nack', pick, (tag, model, real) => {
    if (model.held.delete(tag)) model.nacked.add(tag);
    real.window.nack(tag, true);
  });

const reserve = (pick: number): Step =>
  settle('reserve', pick, (tag, model, real) => {
    const taken = model.held.delete(tag);
    if (taken) model.reserved.add(tag);
    expect(real.window.reserve(tag)).toBe(taken);
  });

const finish = (pick: number): Step =>
  settle('finish', pick, (tag, model, real) => {
    if (model.reserved.delete(tag)) (pick % 2 === 0 ? model.acked : model.nacked).add(tag);
    if (pick % 2 === 0) real.window.ackReserved(tag);
    else real.window.nackReserved(tag, true);
  });

const pass: Step = {
  check: () => true,
  run: (model, real) => {
    expect(real.scheduled.length).toBeLessThanOrEqual(1);
    for (const flush of real.scheduled.splice(0)) flush();
    // After each pass both sides agree: nothing settled waits, nothing held was given away.
    expect(real.server.acked).toEqual(model.acked);
    expect(real.server.requeued).toEqual(model.nacked);
    expect(real.server.outstanding).toEqual(new Set([...model.held, ...model.reserved]));
  },
  toString: () => 'pass of the event loop',
};

function setUp(): { model: Model; real: Real } {
  const server = new ServerChannel();
  const scheduled: (() => void)[] = [];
  return {
    model: { last: 0, held: new Set(), reserved: new Set(), acked: new Set(), nacked: new Set() },
    real: { server, scheduled, window: new AckWindow(server, (flush) => scheduled.push(flush)) },
  };
}

function filled(count: number): Real {
  const { real } = setUp();
  for (let n = 0; n < count; n += 1) real.window.delivered(real.server.deliver());
  return real;
}

describe('AckWindow', () => {
  it('tells the server what the holders said, and no tag that it does not know', () => {
    const pick = fc.nat({ max: 1000 });
    const steps = [
      fc.constant(deliver),
      fc.constant(deliver),
      pick.map(ack),
      pick.map(ack),
      pick.map(nack),
      pick.map(reserve),
      pick.map(finish),
      fc.constant(pass),
    ];
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 200, size: 'max' }), (commands) => {
        fc.modelRun(setUp, [...commands, pass]);
      }),
      { numRuns: 500 },
    );
  });

  it('sends one frame for any run from the beginning, and one for each delivery beyond a gap', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (order) => {
        const { server, window } = filled(40);
        for (const tag of order) window.ack(tag);
        window.flush();
        let run = 0;
        while (order.includes(run + 1)) run += 1;
        expect(server.frames).toBe((run > 0 ? 1 : 0) + order.length - run);
        expect(server.acked).toEqual(new Set(order));
      }),
    );
  });

  it('does not let one long task hold the finished ones behind it', () => {
    const { server, window } = filled(100);
    for (let tag = 2; tag <= 100; tag += 1) window.ack(tag);
    window.flush();
    expect(server.outstanding).toEqual(new Set([1]));
    window.ack(1);
    window.flush();
    expect(server.outstanding.size).toBe(0);
    expect(server.frames).toBe(100);
  });

  it('names a tag that is outstanding although later ones were settled before', () => {
    const { server, window } = filled(3);
    window.ack(3);
    window.flush();
    window.ack(1);
    window.ack(2);
    // A multiple ack up to 3 would name a tag that is gone.
    window.flush();
    expect(server.acked).toEqual(new Set([1, 2, 3]));
    expect(server.frames).toBe(2);
  });

  it('asks for one flush in each pass of the event loop', () => {
    const { window, scheduled } = filled(10);
    for (let tag = 1; tag <= 5; tag += 1) window.ack(tag);
    expect(scheduled).toHaveLength(1);
    scheduled.pop()!();
    window.ack(6);
    expect(scheduled).toHaveLength(1);
  });

  it('says nothing once its channel is gone', () => {
    const { server, window, scheduled } = filled(4);
    window.ack(1);
    window.close();
    for (const flush of scheduled) flush();
    window.ack(2);
    window.nack(3, true);
    expect(window.reserve(4)).toBe(false);
    window.flush();
    expect(server.frames).toBe(0);
  });
});
