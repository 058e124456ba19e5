import { bodyIdOf, chordPart, chordResults } from './chord-parts.ts';
import { chordOf, groupOf, type Signature } from './signature.ts';

const part = (id: string, value: unknown) => chordPart({ id, state: 'SUCCESS', resultJson: JSON.stringify(value) });

test('parts are Celery’s, and give the list of results', () => {
  expect(part('a', 1)).toBe('[1, "a", "SUCCESS", 1]');
  expect(chordResults([part('a', 1), '[1, "b", "SUCCESS", {"x": 2}]'], null)).toEqual({
    ok: true,
    results: [1, { x: 2 }],
  });
});

test('results of nested groups have the shape of the saved group', () => {
  const group = JSON.stringify({
    result: [
      ['g', null],
      [
        [['a', null], null],
        [
          ['h', null],
          [
            [['b', null], null],
            ['c', null],
          ],
        ],
      ],
    ],
  });
  expect(chordResults([part('b', 2), part('c', 3), part('a', 1)], group)).toEqual({ ok: true, results: [1, [2, 3]] });
});

test.each([
  [
    '[1, "b", "FAILURE", {"exc_type": "ValueError", "exc_message": ["boom"]}]',
    "Dependency b raised ValueError('boom')",
  ],
  [
    '[1, "b", "REVOKED", {"exc_type": "TaskRevokedError", "exc_message": "revoked"}]',
    "Dependency b raised TaskRevokedError('revoked')",
  ],
  ['[1, "b", "SUCCESS", NaN]', 'a result of the header is not JSON, such as NaN or Infinity'],
  ['{"not": "a part"}', 'a result of the header is not JSON, such as NaN or Infinity'],
])('%s fails the chord', (text, reason) => {
  expect(chordResults([part('a', 1), text], null)).toEqual({ ok: false, reason });
});

test('the id of a body is that of its last task', () => {
  const sig = (id?: string): Signature => ({
    ...{
      task: 'a',
      args: [],
      kwargs: {},
      options: id === undefined ? {} : { task_id: id },
      subtask_type: null,
      immutable: false,
    },
  });
  const chain: Signature = { ...sig(), kwargs: { tasks: [sig('1'), sig('2')] }, subtask_type: 'chain' };
  expect([
    bodyIdOf(sig('x')),
    bodyIdOf(chain),
    bodyIdOf(chordOf(groupOf([sig('h')]), chain, {})),
    bodyIdOf(sig()),
  ]).toEqual(['x', '2', '2', undefined]);
});
