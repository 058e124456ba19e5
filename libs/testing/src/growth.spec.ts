import { expectLinear } from './growth.ts';

const text = (size: number) => '_'.repeat(size);

test('a walk over the text is linear', () => {
  expectLinear(text, (given) => [...given].filter((char) => char === 'x').length);
});

test('what has a bound is, too', () => {
  expectLinear(text, (given) => given.slice(0, 100).replace(/_+$/, ''));
});

test('a pattern that is tried again at each character is not', () => {
  expect(() => expectLinear(text, (given) => /_+x/.test(given))).toThrow(/size \d+ took \d+ µs/);
});

test('nor is a copy in each round of a loop', () => {
  const shorten = (given: string) => {
    for (let rest = given; rest.length > 200;) rest = [...rest].slice(1).join('');
  };
  expect(() => expectLinear(text, shorten)).toThrow(/times as much/);
});
