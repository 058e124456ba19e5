import { planFailure, planSuccess, failedAfter } from './ends.ts';
import { CanvasError } from './canvas-error.ts';
import type { CanvasPlan, PlanOptions } from './plan.ts';
import { chordOf, groupOf, SignatureCheck, sizeOf, type Signature, type SignatureOptions } from './signature.ts';

const sig = (task: string, args: unknown[] = [], options: SignatureOptions = {}): Signature => ({
  ...{ task, args, kwargs: {}, options, subtask_type: null, immutable: false },
});
const chainOf = (...tasks: Signature[]): Signature => ({
  ...sig('celery.chain'),
  kwargs: { tasks },
  subtask_type: 'chain',
});
const parent = { id: 'p', rootId: 'r' };
const NONE = { callbacks: null, errbacks: null, chain: null, chord: null };
const after = (embed: object, chords: PlanOptions['chords'] = 'start', result: unknown = 7): CanvasPlan =>
  planSuccess(parent, { ...NONE, ...structuredClone(embed) }, result, { chords });
const shortOf = ({ tasks }: CanvasPlan) => tasks.map(({ name, args }) => [name, ...args]);

test('a callback gets the result before its own arguments, and belongs to the task', () => {
  const plan = after({ callbacks: [sig('a', [1], { task_id: 'cb', reply_to: 'q' })] });
  expect(plan.tasks).toMatchObject([
    {
      id: 'cb',
      name: 'a',
      args: [7, 1],
      parentId: 'p',
      rootId: 'r',
      group: null,
      chain: null,
      options: { reply_to: 'q' },
    },
  ]);
  expect(plan.children).toEqual([[['cb', null], null]]);
});

test('an immutable signature gets no result', () => {
  expect(shortOf(after({ callbacks: [{ ...sig('a', [1]), immutable: true }] }))).toEqual([['a', 1]]);
});

test('several callbacks are a group, and groups among them go for themselves', () => {
  const plan = after({ callbacks: [sig('a'), groupOf([sig('b'), sig('c')]), sig('d')] });
  expect(shortOf(plan)).toEqual([
    ['b', 7],
    ['c', 7],
    ['a', 7],
    ['d', 7],
  ]);
  expect(new Set(plan.tasks.map(({ group }) => group)).size).toBe(2);
});

test('a chain takes its last entry, and sends the rest with it', () => {
  const chain = [sig('c', [], { task_id: '3' }), sig('b', [2], { task_id: '2' })];
  const { tasks } = after({ chain });
  expect(tasks).toMatchObject([{ id: '2', name: 'b', args: [7, 2], chain: [{ task: 'c' }] }]);
});

test('the same end gives the same ids, and another task others', () => {
  const embed = { callbacks: [groupOf([sig('a'), chainOf(sig('b'), sig('c'))])] };
  expect(after(embed)).toEqual(after(embed));
  const other = planSuccess({ id: 'q', rootId: null }, { ...NONE, ...embed }, 7, { chords: 'start' });
  expect(other.tasks[0]!.id).not.toBe(after(embed).tasks[0]!.id);
});

test('a chord states its size, and each of its header carries the body with the rest of the chain', () => {
  const chord = chordOf(groupOf([sig('a'), chainOf(sig('b'), sig('c'))]), sig('sum', [], { task_id: 'body' }), {});
  const { tasks, chords } = after({ chain: [sig('end'), chord] });
  expect(chords).toEqual([{ groupId: tasks[0]!.group, size: 2, group: null }]);
  expect(tasks).toMatchObject([
    {
      name: 'a',
      args: [7],
      groupIndex: 0,
      chord: { task: 'sum', options: { task_id: 'body', chain: [{ task: 'end' }] } },
    },
    // It is counted by its last step.
    { name: 'b', args: [7], chord: null, chain: [{ task: 'c', options: { group_index: 1, chord: { task: 'sum' } } }] },
  ]);
});

test('a group with something behind it is a chord; one that is nested keeps its shape', () => {
  const inner = chainOf(sig('x'), groupOf([sig('y'), sig('z')]));
  const { tasks, chords } = after({ callbacks: [chainOf(groupOf([sig('a'), inner]), sig('sum'))] });
  expect(tasks.map(({ name }) => name)).toEqual(['a', 'x']);
  expect(chords).toMatchObject([{ size: 3, group: expect.stringContaining('"result"') as string }]);
});

test('a chord without a header runs its body with nothing', () => {
  expect(shortOf(after({ callbacks: [chordOf(groupOf([]), sig('sum'), {})] }))).toEqual([['sum', []]]);
});

test('a chord that cannot begin becomes a task; without a backend it cannot be done', () => {
  const callbacks = [chordOf(groupOf([sig('a')]), sig('sum'), {})];
  expect(after({ callbacks }, 'defer').tasks).toMatchObject([
    { name: 'celery.chord', args: [], kwargs: { chord: { args: [7], subtask_type: 'chord' } } },
  ]);
  expect(() => after({ callbacks }, 'refuse')).toThrow(
    expect.objectContaining({ name: 'NotImplementedError' }) as Error,
  );
});

test('chunks are a group of starmaps', () => {
  const chunks = {
    ...sig('celery.chunks'),
    kwargs: {
      task: sig('add'),
      it: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      n: 2,
    },
    subtask_type: 'chunks',
  };
  expect(after({ callbacks: [chunks] }).tasks).toMatchObject([
    {
      name: 'celery.starmap',
      args: [],
      kwargs: {
        it: [
          [1, 2],
          [3, 4],
        ],
      },
    },
    { name: 'celery.starmap', args: [], kwargs: { it: [[5, 6]] } },
  ]);
});

test('a link to a group cannot be done, as in Celery', () => {
  const chain = { ...chainOf(groupOf([sig('a'), sig('b')])), options: { link: [sig('c')] } };
  expect(() => after({ callbacks: [chain] })).toThrow(CanvasError);
});

test('errbacks get the id of what failed', () => {
  const plan = planFailure(parent, [sig('e', [1]), chainOf(sig('f'), sig('g'))], { chords: 'start' });
  expect(shortOf(plan)).toEqual([
    ['e', 'p', 1],
    ['f', 'p'],
  ]);
});

test('what will never run is known by its ids, in chords as well', () => {
  const chord = chordOf(
    groupOf([sig('a', [], { task_id: 'a' })]),
    chainOf(sig('b', [], { task_id: 'b' }), sig('n')),
    {},
  );
  expect(failedAfter([sig('end', [], { task_id: 'end' }), chord]).map(({ id }) => id)).toEqual(['end', 'a', 'b']);
});

test('a header waits for the last of a chain, for all of a group, for the body of a chord', () => {
  const chord = chordOf(groupOf([sig('a'), sig('b')]), sig('c'), {});
  expect(sizeOf(groupOf([sig('a'), chainOf(sig('b'), groupOf([sig('c'), sig('d')])), chord]))).toBe(4);
});

test('a body that would be copied without end is refused', () => {
  const body = sig('sum', ['x'.repeat(1_000_000)]);
  const callbacks = [chordOf(groupOf(Array.from({ length: 100 }, () => sig('a'))), body, {})];
  expect(() => after({ callbacks })).toThrow(expect.objectContaining({ name: 'CanvasTooLarge' }) as Error);
});

test('a check makes signatures whole', () => {
  const checked = new SignatureCheck().one(
    { task: 'a', options: { link: { task: 'b' }, task_id: null, reply_to: '' } },
    'x',
  );
  expect(checked).toEqual(sig('a', [], { link: [sig('b')] }));
});
