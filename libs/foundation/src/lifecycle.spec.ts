import fc from 'fast-check';
import { deferred, type Deferred } from './deferred.ts';
import { Lifecycle } from './lifecycle.ts';

const pass = () => new Promise((resolve) => setImmediate(resolve));

/** A service whose start and stop end when the test says so, and what it saw of them. */
class Subject {
  readonly starts: Deferred<void>[] = [];
  readonly stops: Deferred<void>[] = [];
  readonly outcomes: { call: 'start' | 'stop'; outcome: 'pending' | 'ok' | 'failed' }[] = [];
  startSettled = false;
  stoppedDuringStart = false;

  readonly service = new Lifecycle(
    () => {
      this.starts.push(deferred());
      return this.starts[0]!.promise.finally(() => (this.startSettled = true));
    },
    () => {
      this.stoppedDuringStart ||= !this.startSettled;
      this.stops.push(deferred());
      return this.stops[0]!.promise;
    },
  );

  call(call: 'start' | 'stop') {
    const entry: (typeof this.outcomes)[number] = { call, outcome: 'pending' };
    this.outcomes.push(entry);
    this.service[call]().then(
      () => (entry.outcome = 'ok'),
      () => (entry.outcome = 'failed'),
    );
  }
}

interface Model {
  /** `releasing`: it has failed, and what it had begun is being released. */
  start: 'none' | 'under way' | 'releasing' | 'ok' | 'failed';
  /** What the release of a failed start came to. */
  release?: 'ok' | 'failed';
  stop: 'none' | 'under way' | 'ok' | 'failed';
  /** What each call must have come to, in order. */
  calls: ('start' | 'stop' | 'refused')[];
}

type Command = fc.AsyncCommand<Model, Subject>;

/** Everything that must hold at any time. */
async function look(model: Model, real: Subject): Promise<void> {
  await pass();
  expect(real.starts.length).toBe(model.start === 'none' ? 0 : 1);
  const releases = { none: 0, 'under way': 0, releasing: 1, failed: 1, ok: model.stop === 'none' ? 0 : 1 };
  expect(real.stops.length).toBe(releases[model.start]);
  expect(real.stoppedDuringStart).toBe(false);
  expect(real.service.running).toBe(model.start === 'ok' && model.stop === 'none');
  const word = { none: 'pending', 'under way': 'pending', releasing: 'pending', ok: 'ok', failed: 'failed' } as const;
  expect(real.outcomes.map(({ outcome }) => outcome)).toEqual(
    model.calls.map((call) => (call === 'refused' ? 'failed' : word[model[call]])),
  );
}

const command = (
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Subject) => void,
): Command => ({
  check: (model) => check(model),
  run: async (model, real) => {
    run(model, real);
    await look(model, real);
  },
  toString: () => name,
});

const start = command(
  'start',
  () => true,
  (model, real) => {
    real.call('start');
    model.calls.push(model.stop === 'none' ? 'start' : 'refused');
    if (model.start === 'none' && model.stop === 'none') model.start = 'under way';
  },
);
const stop = command(
  'stop',
  () => true,
  (model, real) => {
    real.call('stop');
    model.calls.push('stop');
    // With nothing started there is nothing to release: stopped at once.
    if (model.stop === 'none') model.stop = model.start === 'none' ? 'ok' : (model.release ?? 'under way');
  },
);
const endStart = (outcome: 'ok' | 'failed') =>
  command(
    `start ends ${outcome}`,
    (model) => model.start === 'under way',
    (model, real) => {
      if (outcome === 'ok') real.starts[0]!.resolve();
      else real.starts[0]!.reject(new Error('no start'));
      model.start = outcome === 'ok' ? 'ok' : 'releasing';
    },
  );
const endStop = (outcome: 'ok' | 'failed') =>
  command(
    `stop ends ${outcome}`,
    (model) => model.start === 'releasing' || (model.start === 'ok' && model.stop === 'under way'),
    (model, real) => {
      if (outcome === 'ok') real.stops[0]!.resolve();
      else real.stops[0]!.reject(new Error('no stop'));
      if (model.start === 'releasing') {
        model.start = 'failed';
        model.release = outcome;
      }
      if (model.stop === 'under way') model.stop = outcome;
    },
  );

describe('Lifecycle', () => {
  it('starts once and stops once, in whatever order and number the calls come', async () => {
    const commands = [start, stop, endStart('ok'), endStart('failed'), endStop('ok'), endStop('failed')];
    await fc.assert(
      fc.asyncProperty(
        fc.commands(
          commands.map((one) => fc.constant(one)),
          { size: '+1' },
        ),
        (given) =>
          fc.asyncModelRun(
            () => ({ model: { start: 'none', stop: 'none', calls: [] } as Model, real: new Subject() }),
            given,
          ),
      ),
      { numRuns: 300 },
    );
  });

  it('releases what a failed start had begun before the start rejects, once', async () => {
    const begun: string[] = [];
    const service = new Lifecycle(
      async () => {
        begun.push('thread');
        throw new Error('port in use');
      },
      async () => void begun.pop(),
    );
    await expect(service.start()).rejects.toThrow('port in use');
    expect(begun).toEqual([]);
    begun.push('of somebody else');
    await service.stop();
    expect(begun).toEqual(['of somebody else']);
  });

  it('hands the reason of a failed start to every caller', async () => {
    const service = new Lifecycle(
      () => Promise.reject(new Error('port in use')),
      () => Promise.resolve(),
    );
    await expect(service.start()).rejects.toThrow('port in use');
    await expect(service.start()).rejects.toThrow('port in use');
    await expect(service.stop()).resolves.toBeUndefined();
    await expect(service.start()).rejects.toThrow('stopped');
  });
});
