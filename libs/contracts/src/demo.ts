import { defineTask } from '@lovage/task';
import { z } from 'zod';

const anyJson = (description: string) =>
  z
    .unknown()
    .nonoptional()
    .meta({ description, examples: ['hello'] });

export const waitAndReturn = defineTask({
  name: 'demo.wait_and_return',
  summary: 'Waits, then returns what it was given',
  description: 'Holds a slot of a worker without using its processor: for trying out limits, revokes and restarts.',
  input: z
    .strictObject({
      seconds: z
        .number()
        .min(0)
        .max(3600)
        .meta({ description: 'How long to wait; fractions are fine.', examples: [1.5] }),
      value: anyJson('Any JSON value.'),
    })
    .meta({ examples: [{ seconds: 1.5, value: 'hello' }] }),
  output: anyJson('The value given.'),
});
