import { newId, TaskRoutes } from '@lovage/foundation';
import {
  systemClock,
  type CanvasEnd,
  type CanvasOwner,
  type Followed,
  type NewTask,
  type StoredMessage,
} from '@lovage/ports';
import { silentLog } from '@lovage/testing';
import { CanvasQueues } from './canvas-queues.ts';
import { CeleryCanvas } from './celery-canvas.ts';
import { MemoryBackend } from './testing/memory-backend.ts';

const sig = (task: string, args: unknown[] = [], options: object = {}) => ({
  ...{ task, args, kwargs: {}, options, subtask_type: null, immutable: false },
});
const chord = (header: object[], body: object) => ({
  ...{ task: 'celery.chord', args: [], options: {}, subtask_type: 'chord', immutable: false },
  kwargs: { kwargs: {}, header, body },
});
const SUCCESS: CanvasEnd = { state: 'SUCCESS', result: '7', error: null };
const FAILURE: CanvasEnd = { state: 'FAILURE', result: null, error: { type: 'ValueError', message: 'boom' } };
const GROUP = { group: 'g', groupIndex: 0 };
const owner = (embed: object, more: Partial<CanvasOwner> = {}): CanvasOwner => ({
  ...{ id: newId(), name: 'a.b', queue: 'mine', rootId: null, group: null, groupIndex: null, kwargs: {} },
  ...{ headers: undefined, embed: { ...embed }, ...more },
});

function open(options: { readonly rpc?: boolean; readonly live?: readonly string[] } = {}) {
  const { rpc = false, live = [] } = options;
  const backend = new MemoryBackend();
  const inserted = new Map<string, NewTask>();
  const own = new Set(['mine']);
  const replies: string[] = [];
  const queues = new CanvasQueues({
    ...{ consumes: (queue) => own.has(queue), contract: () => undefined, serves: () => false },
    ...{ routes: TaskRoutes.none, clock: systemClock },
    workers: { present: async () => [{ queues: live }] as never },
  });
  const canvas = new CeleryCanvas({
    ...{ backend: rpc ? undefined : backend, queues, clock: systemClock, log: silentLog },
    broker: { reply: (address) => void replies.push(address) },
    tasks: {
      insertFirstMany: async (items) => {
        for (const { task } of items) if (!inserted.has(task.id)) inserted.set(task.id, task);
        return [];
      },
    },
  });
  return { backend, canvas, inserted, own, replies, names: () => [...inserted.values()].map(({ name }) => name) };
}

function rowsOf(followed: Followed): (NewTask & { stored: StoredMessage })[] {
  if (followed.kind !== 'followed') throw new Error('not now');
  return (followed.followUps.tasks ?? []).map(({ task }) => ({
    ...task,
    stored: JSON.parse(task.message!) as StoredMessage,
  }));
}

test('what follows is rows, on the queue that a signature states or on that of the task before', async () => {
  const { canvas } = open();
  const [id, at] = [newId(), new Date(Date.now() + 3_600_000).toISOString()];
  const options = { task_id: id, reply_to: 'them', countdown: 5, expires: at, priority: 3, time_limit: 9, queue: 'ml' };
  const stamps = { headers: { stamps: { tenant: 'acme' }, stamped_headers: ['tenant'] } };
  const callbacks = [sig('x', [1], options), sig('y')];
  const followed = await canvas.follow(owner({ callbacks }, stamps), SUCCESS);
  const [x, y] = rowsOf(followed);
  expect(x).toMatchObject({ id, name: 'x', queue: 'ml', input: null, priority: 3, expiresAt: Date.parse(at) });
  expect(x!.stored).toMatchObject({
    ...{ args: [7, 1], replyTo: 'them', foreign: 'celery', lang: 'py', timeLimit: [9, null] },
    headers: stamps.headers,
  });
  expect(x!.eta).toBeGreaterThan(Date.now());
  expect([y!.queue, y!.stored.foreign]).toEqual(['mine', undefined]);
  expect(followed).toMatchObject({ children: expect.stringContaining(id) as string });
});

test('a queue that another worker of ours consumes is not foreign', async () => {
  const { canvas } = open({ live: ['ml'] });
  const [row] = rowsOf(await canvas.follow(owner({ callbacks: [sig('x', [], { queue: 'ml' })] }), SUCCESS));
  expect(row!.stored.foreign).toBeUndefined();
});

test('a queue that this process begins to consume is its own at once', async () => {
  const { canvas, own } = open();
  const next = async () =>
    rowsOf(await canvas.follow(owner({ callbacks: [sig('x', [], { queue: 'extra' })] }), SUCCESS))[0]!.stored.foreign;
  expect(await next()).toBe('celery');
  own.add('extra');
  expect(await next()).toBeUndefined();
});

test.each(['reject_requested', 'ignore_requested'])('%s: no errbacks, no chain; its chord counts it', async (code) => {
  const { canvas, backend } = open();
  await backend.setChordSize('g', 2);
  const part = owner({ errbacks: [sig('e')], chain: [sig('y', [], { task_id: newId() })], chord: sig('body') }, GROUP);
  const end: CanvasEnd = { state: 'FAILURE', result: null, error: { type: 'Reject', code, message: 'no' } };
  expect(rowsOf(await canvas.follow(part, end))).toEqual([]);
  await canvas.ended(part, end);
  expect(await backend.chordParts('g')).toEqual([expect.stringContaining('FAILURE')]);
});

test.each(['amq.topic', 'celery.pidbox', 'a b', newId()])('%s is no queue for tasks: the task fails', async (queue) => {
  const { canvas } = open();
  const followed = await canvas.follow(owner({ callbacks: [sig('x', [], { queue })] }), SUCCESS);
  expect(followed).toMatchObject({
    end: { state: 'FAILURE', error: { type: 'QueueNotFound' } },
    followUps: { tasks: [] },
  });
});

test('a failure calls the errbacks, and has no children', async () => {
  const { canvas } = open();
  const failed = owner({ errbacks: [sig('e')], callbacks: [sig('x')], chain: [sig('y')] });
  const followed = await canvas.follow(failed, FAILURE);
  expect(rowsOf(followed)).toMatchObject([{ name: 'e', stored: { args: [failed.id] } }]);
  expect(followed).toMatchObject({ children: '[]' });
});

test('a revoked task brings about nothing but its part', async () => {
  const { canvas, backend } = open();
  const revoked = owner({ errbacks: [sig('e')], chord: sig('sum') }, { group: 'g' });
  const end: CanvasEnd = { state: 'REVOKED', result: null, error: { type: 'Revoked', message: 'no' } };
  expect(rowsOf(await canvas.follow(revoked, end))).toEqual([]);
  await canvas.ended(revoked, end);
  expect(backend.parts.get('g')).toMatchObject([{ part: expect.stringContaining('TaskRevokedError') as string }]);
});

test('the steps of a chain that has failed have failed: on the backend, or by replies', async () => {
  const chain = [sig('z', [], { task_id: 'z', reply_to: 'them' }), sig('y', [], { task_id: 'y' })];
  const stored = open();
  await stored.canvas.ended(owner({ chain }), FAILURE);
  expect([...stored.backend.states.keys()]).toEqual(['z', 'y']);
  expect(JSON.parse(stored.backend.states.get('z')!)).toMatchObject({
    status: 'FAILURE',
    result: { exc_type: 'ValueError' },
  });
  const { canvas, replies } = open({ rpc: true });
  await canvas.ended(owner({ chain }), FAILURE);
  expect(replies).toEqual(['them']);
});

describe('a chord', () => {
  const body = sig('sum', [], { task_id: 'body', link_error: [sig('e')] });
  const part = (n: number, size = 2): CanvasOwner =>
    owner({ chord: body }, { id: `part-${n}`, group: 'g', groupIndex: size - n });
  const begun = (size = 2) => {
    const opened = open();
    opened.backend.sizes.set('g', size);
    return opened;
  };

  test('starts its body with the last part, in the order of their places', async () => {
    const { canvas, inserted, backend } = begun();
    await canvas.ended(part(1), { ...SUCCESS, result: '"one"' });
    expect([...inserted.values()]).toEqual([]);
    await canvas.ended(part(2), { ...SUCCESS, result: '"two"' });
    const [row] = [...inserted.values()];
    expect(row).toMatchObject({ name: 'sum', wireId: 'body' });
    expect(JSON.parse(row!.message!)).toMatchObject({ args: [['two', 'one']] });
    expect(backend.sizes.size).toBe(0);
  });

  test('counted twice by two, after one has died, starts one body', async () => {
    const { canvas, inserted, backend } = begun();
    await canvas.ended(part(1), SUCCESS);
    const end = backend.endChord.bind(backend);
    backend.endChord = () => Promise.reject(new Error('killed'));
    await expect(canvas.ended(part(2), SUCCESS)).rejects.toThrow('killed');
    backend.endChord = end;
    for (const n of [1, 2]) await canvas.ended(part(n), SUCCESS, { repeated: true });
    await canvas.ended(part(2), SUCCESS, { repeated: true });
    expect(inserted.size).toBe(1);
  });

  test('with a failed part ends its body, and calls the errbacks of that', async () => {
    const { canvas, inserted, backend, names } = begun();
    await canvas.ended(part(1), FAILURE);
    await canvas.ended(part(2), SUCCESS);
    expect(JSON.parse(backend.states.get('body')!)).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError', exc_message: ["Dependency part-1 raised ValueError('boom')"] },
    });
    expect(names()).toEqual(['e']);
    expect(JSON.parse([...inserted.values()][0]!.message!)).toMatchObject({ args: ['body'] });
  });

  test('within another one that fails is a failed part of that', async () => {
    const { canvas, backend } = begun(1);
    backend.sizes.set('outer', 1);
    const inner = sig('sum', [], {
      task_id: 'inner',
      group_id: 'outer',
      group_index: 0,
      chord: sig('all', [], { task_id: 'all' }),
    });
    await canvas.ended(owner({ chord: inner }, { id: 'x', group: 'g', groupIndex: 0 }), FAILURE);
    expect([...backend.states.keys()]).toEqual(['inner', 'all']);
  });

  test('begins with the end of a task; while the backend is away a task of its own begins it later', async () => {
    const { canvas, backend } = open();
    const before = owner({ chain: [chord([sig('x'), sig('y')], sig('sum'))] });
    expect(rowsOf(await canvas.follow(before, SUCCESS)).map(({ name }) => name)).toEqual(['x', 'y']);
    expect([...backend.sizes.values()]).toEqual([2]);
    backend.away = true;
    const [later] = rowsOf(await canvas.follow(before, SUCCESS));
    expect(later).toMatchObject({ name: 'celery.chord', parentId: before.id });
    const starter = owner({}, { name: 'celery.chord', kwargs: JSON.parse(later!.input!) as Record<string, unknown> });
    expect(await canvas.follow(starter, SUCCESS)).toMatchObject({ kind: 'retry' });
    backend.away = false;
    const started = rowsOf(await canvas.follow(starter, SUCCESS));
    expect(started.map(({ name, parentId, stored }) => [name, parentId, stored.args])).toEqual([
      ['x', before.id, [7]],
      ['y', before.id, [7]],
    ]);
  });

  test('without a backend fails the task that would start it', async () => {
    const { canvas } = open({ rpc: true });
    expect(canvas.chords).toBe(false);
    const followed = await canvas.follow(owner({ chain: [chord([sig('x')], sig('sum'))] }), SUCCESS);
    expect(followed).toMatchObject({ end: { state: 'FAILURE', error: { type: 'NotImplementedError' } } });
  });

  test('and what is to follow the task that starts it', async () => {
    const { canvas } = open();
    const kwargs = { header: [sig('x')], body: sig('sum') };
    const starter = owner({ callbacks: [sig('then')] }, { name: 'celery.chord', kwargs });
    expect(rowsOf(await canvas.follow(starter, SUCCESS)).map(({ name }) => name)).toEqual(['x', 'then']);
  });

  test('of arguments that are no chord fails', async () => {
    const { canvas } = open();
    const starter = owner({}, { name: 'celery.chord', kwargs: { chord: { task: 7 } } });
    expect(await canvas.follow(starter, SUCCESS)).toMatchObject({ end: { error: { type: 'InvalidTaskError' } } });
  });
});

test('celery.chunks starts a starmap for each part of a list: its result is their group, and goes to what follows', async () => {
  const { canvas } = open();
  const kwargs = {
    task: sig('add'),
    it: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    n: 2,
  };
  const starter = owner({ callbacks: [sig('then')] }, { name: 'celery.chunks', kwargs });
  const followed = await canvas.follow(starter, { ...SUCCESS, result: 'null' });
  const [first, second, then] = rowsOf(followed);
  expect([first, second].map((row) => JSON.parse(row!.input!) as unknown)).toMatchObject([
    {
      it: [
        [1, 2],
        [3, 4],
      ],
    },
    { it: [[5, 6]] },
  ]);
  const members = [first, second].map((row) => [[row!.wireId ?? row!.id, null], null]);
  const group = [[first!.stored.group, null], members];
  expect(followed).toMatchObject({ end: { state: 'SUCCESS', result: JSON.stringify(group) } });
  expect(then!.stored).toMatchObject({ args: [group] });
});

test.each([
  ['an invalid size', { task: sig('add'), it: [], n: 0 }],
  ['no list', { task: sig('add'), it: 7, n: 1 }],
])('celery.chunks of %s fails', async (_, kwargs) => {
  const { canvas } = open();
  const starter = owner({}, { name: 'celery.chunks', kwargs });
  expect(await canvas.follow(starter, SUCCESS)).toMatchObject({ end: { error: { type: 'InvalidTaskError' } } });
});
