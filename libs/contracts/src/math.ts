import { defineTask } from '@lovage/task';
import { z } from 'zod';

const number = (name: string, example: number) => z.number().meta({ description: name, examples: [example] });

/** The true result is past the largest double, some 1.8e308; JSON has no Infinity. */
const Overflow = z.strictObject({ x: z.number(), y: z.number() }).meta({ description: 'The two operands.' });

export const add = defineTask({
  name: 'math.add',
  summary: 'Adds two numbers',
  description: 'Returns `x + y`. Fails with `Overflow` when the sum is past the range of a double.',
  input: z
    .strictObject({ x: number('First summand.', 1), y: number('Second summand.', 2) })
    .meta({ examples: [{ x: 1, y: 2 }] }),
  output: z.number().meta({ description: 'The sum.', examples: [3] }),
  errors: { Overflow },
});

export const divide = defineTask({
  name: 'math.divide',
  summary: 'Divides one number by another',
  description:
    'Returns `x / y`. Fails with `DivisionByZero` when `y` is 0, and with `Overflow` when the quotient is past the range of a double.',
  input: z
    .strictObject({ x: number('Dividend.', 1), y: number('Divisor; 0 is the declared error `DivisionByZero`.', 2) })
    .meta({ examples: [{ x: 1, y: 2 }] }),
  output: z.number().meta({ description: 'The quotient.', examples: [0.5] }),
  errors: {
    DivisionByZero: z.strictObject({ x: z.number().meta({ description: 'The dividend.' }) }),
    Overflow,
  },
});

/** Largest `n`: every partial sum up to it, 5,000,000,050,000,000 at the end, is a whole number that a double holds exactly. */
export const MAX_SUM_N = 100_000_000;

export const sumToN = defineTask({
  name: 'math.sum_to_n',
  summary: 'Adds up all whole numbers from 1 to n',
  description:
    'A stand-in for heavy computation: it really adds, one number after the other, in slices between which the worker does other things.',
  input: z
    .strictObject({
      n: z
        .int()
        .min(0)
        .max(MAX_SUM_N)
        .meta({ description: 'Last summand; up to it the sum is exact.', examples: [1_000_000] }),
    })
    .meta({ examples: [{ n: 1_000_000 }] }),
  output: z
    .int()
    .min(0)
    .meta({ description: 'The sum; 0 for n = 0.', examples: [500_000_500_000] }),
});
