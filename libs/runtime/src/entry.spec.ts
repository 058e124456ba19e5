import fc from 'fast-check';
import { compileOptions } from '@lovage/task';
import { Batch } from './claim/batch.ts';
import { IllegalTransitionError, TaskEntry, TRANSITIONS, type EntryState } from './entry.ts';

/** An entry, and what the broker was told of its message. */
function entry(generation = 0): { entry: TaskEntry; told: string[] } {
  const told: string[] = [];
  const delivery = {
    ...{ queue: 'q', priority: undefined, level: 'normal' },
    ack: () => told.push('ack'),
    nack: ({ requeue }: { requeue: boolean }) => told.push(requeue ? 'requeue' : 'dead_letter'),
  };
  const task = { generation, retries: 0, hasRow: true, name: 'a.b' };
  return {
    entry: new TaskEntry(task as never, { id: 'task' } as never, undefined, compileOptions(), delivery as never),
    told,
  };
}

const CLAIM = { retries: 3, suspected: 2, crashes: 1 };
const before = entry().entry;

const ACTS: Readonly<Record<keyof typeof TRANSITIONS, (one: TaskEntry) => unknown>> = {
  wait: (one) => one.wait('async'),
  claim: (one) => one.claim('w', 7),
  grant: (one) => one.grant(CLAIM),
  succeed: (one) => one.succeed(before, 'w', 9, CLAIM),
  start: (one) => one.start(5),
  end: (one) => one.end(6),
  refuse: (one) => one.refuse(),
  retryClaim: (one) => one.retryClaim(),
  quarantine: (one) => one.quarantine(),
  takeOver: (one) => one.takeOver('w', 8, CLAIM),
  postpone: (one) => one.postpone(),
  claimAnew: (one) => one.claimAnew('w', 10),
  renew: (one) => one.renew(),
};
const NAMES = Object.keys(ACTS) as (keyof typeof TRANSITIONS)[];

test('in any order, each transition leads where the table says, or throws and changes nothing; what has left stays so', () => {
  const step = fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...NAMES) }, fc.constant('leave' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { entry: one, told } = entry();
      let state: EntryState = 'arrived';
      for (const name of steps) {
        const was = JSON.stringify(one);
        if (name === 'leave') {
          one.leave('requeue');
          state = 'left';
        } else {
          const { from, to }: { from: readonly EntryState[]; to: EntryState } = TRANSITIONS[name];
          if (state === 'left') ACTS[name](one);
          else if (from.includes(state)) {
            ACTS[name](one);
            state = to;
          } else {
            expect(() => ACTS[name](one)).toThrow(IllegalTransitionError);
            expect(JSON.stringify(one)).toBe(was);
          }
          if (state === 'left') expect(JSON.stringify(one)).toBe(was);
        }
        expect(one.state).toBe(state);
      }
      expect(told).toEqual(state === 'left' ? ['requeue'] : []);
    }),
    { numRuns: 1000 },
  );
});

test('every state can be reached', () => {
  const edges = NAMES.flatMap((name) => TRANSITIONS[name].from.map((from) => [from, TRANSITIONS[name].to] as const));
  const reached = new Set<EntryState>(['arrived']);
  for (let size = 0; size < reached.size;) {
    size = reached.size;
    for (const [from, to] of edges) if (reached.has(from)) reached.add(to);
  }
  expect([...reached].sort()).toEqual(
    ['arrived', 'waiting', 'claiming', 'refused', 'granted', 'leaving', 'running', 'ended'].sort(),
  );
});

test('a claim that is granted brings what the row knows; one that is refused leaves nothing claimed', () => {
  const { entry: one } = entry();
  one.wait('thread');
  one.claim('w', 7, { contract: 'a.b', concurrency: null, rate: null });
  expect(one).toMatchObject({ pool: 'thread', worker: 'w', claimNo: 7, claimed: false, limits: { contract: 'a.b' } });
  one.grant(CLAIM);
  expect(one).toMatchObject({ claimed: true, ...CLAIM });
  one.start(1);
  one.end(2);
  one.claimAnew('w', 8);
  expect(one).toMatchObject({ claimNo: 8, renewals: 1, limits: { contract: 'a.b' } });
  one.refuse();
  expect(one.claimed).toBe(false);
});

test('an attempt knows nothing of why the one before it was ended', () => {
  const { entry: one } = entry();
  one.wait('async');
  one.start(1);
  one.kill(new Error('the lease was lost'));
  one.abort(new Error('the worker stops'));
  expect(one.abortReason).toMatchObject({ message: 'the lease was lost' });
  one.end(2);
  one.claimAnew('w', 1);
  one.refuse();
  one.retryClaim();
  one.wait('async');
  one.start(3);
  expect(one).toMatchObject({ abortReason: undefined, endReason: undefined, startedAt: 3 });
});

test('the broker is told once, whatever comes first', () => {
  const { entry: one, told } = entry();
  one.ack();
  one.leave('requeue');
  one.leave('dead_letter');
  expect(told).toEqual(['ack']);
});

test('the same message joins the one in hand and shares its end; another generation waits behind it', () => {
  const [held, again, late, next] = [entry(), entry(), entry(), entry(1)];
  expect(held.entry.adopt(again.entry)).toBe('joined');
  expect(held.entry.adopt(next.entry)).toBe('behind');
  held.entry.leave('ack');
  expect(held.entry.adopt(late.entry)).toBe('joined');
  expect([held.told, again.told, late.told, next.told]).toEqual([['ack'], ['ack'], ['ack'], []]);
  expect(held.entry.followers).toEqual([next.entry]);
});

test('it is of one batch, until it leaves it', () => {
  const { entry: one } = entry();
  const batch = new Batch<TaskEntry>({ size: 2, timeoutMs: 1 });
  batch.add(one);
  expect(one.batch).toBe(batch);
  batch.remove(one);
  expect(one.batch).toBeUndefined();
});
