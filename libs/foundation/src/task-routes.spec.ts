import fc from 'fast-check';
import { TaskRoutes, type RouteRule } from './task-routes.ts';

const queueOf = (name: string, ...rules: [match: string, queue: string][]) =>
  new TaskRoutes(rules.map(([match, queue]) => ({ match, queue }))).of(name)?.queue;

describe('routes', () => {
  test('the first rule that fits decides; a name that none fits is not routed', () => {
    const rules: [string, string][] = [
      ['image.scale', 'large'],
      ['image.*', 'images'],
      ['*.report', 'reports'],
    ];
    expect(queueOf('image.scale', ...rules)).toBe('large');
    expect(queueOf('image.rotate', ...rules)).toBe('images');
    expect(queueOf('image.report', ...rules)).toBe('images');
    expect(queueOf('sales.month.report', ...rules)).toBe('reports');
    expect(queueOf('mail.send', ...rules)).toBeUndefined();
    expect(TaskRoutes.none.of('mail.send')).toBeUndefined();
  });

  test.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.bc', false],
    ['a.b', 'axb', false],
    ['*', 'a.b', true],
    ['a.*', 'a.', true],
    ['a.*', 'a', false],
    ['a.*', 'b.a.c', false],
    ['*.b', 'a.c.b', true],
    ['*.b', '.b', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a.*.c', 'a.b.b.c', true],
    ['a.*.c', 'a.c', false],
    ['a**c', 'ac', true],
    ['*b*b*', 'abb', true],
    ['*b*b*', 'ab', false],
  ])('%s and %s: %s', (match, name, fits) => expect(queueOf(name, [match, 'q'])).toBe(fits ? 'q' : undefined));

  test('a pattern fits what a regular expression of the same meaning fits', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (match, name) => {
        const same = new RegExp(`^${match.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(queueOf(name, [match, 'q']) === 'q').toBe(same.test(name));
      }),
    );
  });

  test.each<[unknown, string]>([
    ['image.*=images', 'routes:'],
    [[7], 'routes.0:'],
    [[{ queue: 'q' }], 'routes.0.match:'],
    [[{ match: 'a.b' }], 'routes.0.queue:'],
    [[{ match: 'a b', queue: 'q' }], 'routes.0.match:'],
    [[{ match: '', queue: 'q' }], 'routes.0.match:'],
    [[{ match: 'a'.repeat(201), queue: 'q' }], 'routes.0.match:'],
    [[{ match: 'a.b', queue: 'a b' }], 'routes.0.queue:'],
    [[{ match: 'a.b', queue: 'q', mach: 1 }], 'routes.0.mach: unknown option of a route; did you mean match?'],
    [
      [
        { match: 'a.b', queue: 'q' },
        { match: 'a.b', queue: 'r' },
      ],
      'routes.1.match: "a.b" is never reached',
    ],
    [
      [
        { match: '*', queue: 'q' },
        { match: 'a.b', queue: 'r' },
      ],
      'routes.1.match: "a.b" is never reached',
    ],
    [Array(1001).fill({ match: 'a.b', queue: 'q' }), 'routes: 1001 rules'],
  ])('%j is refused: %s', (rules, message) => {
    expect(() => new TaskRoutes(rules as RouteRule[])).toThrow(message);
    expect(() => new TaskRoutes(rules as RouteRule[])).toThrow(RangeError);
  });

  test('all queues that rules name', () => {
    const rules = ['a.a', 'b.b', 'c.c'].map((match, n) => ({ match, queue: `q${n % 2}` }));
    expect(new TaskRoutes(rules).queues).toEqual(['q0', 'q1']);
  });
});
