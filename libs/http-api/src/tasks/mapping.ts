import { MAX_MAPPING_RULES, pathProblem } from '@lovage/task';
import { z } from 'zod';

const path = (description: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const problem = pathProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: `must be a path: ${problem}` });
    })
    .meta({ description, examples: ['customer.name', 'items.*.sku'] });

const value = z
  .unknown()
  .refine((given) => given !== undefined, { error: 'is needed' })
  .meta({ description: 'Any JSON' });

const from = path('Names of fields with dots; `*` stands for each element');
const to = path('Where it goes; a `*` as in `path`, behind the same names');

/** Edits of inputs, in their order: see docs/changing-a-contract.md. */
export const InputMapping = z
  .array(
    z.discriminatedUnion('op', [
      z.strictObject({ op: z.literal('set'), path: from, value }),
      z.strictObject({ op: z.literal('default'), path: from, value }),
      z.strictObject({ op: z.literal('remove'), path: from }),
      z.strictObject({ op: z.literal('rename'), path: from, to }),
      z.strictObject({ op: z.literal('copy'), path: from, to }),
    ]),
  )
  .min(1)
  .max(MAX_MAPPING_RULES)
  .meta({
    id: 'InputMapping',
    description:
      'Edits each input before it is checked by the contract: `set` and `default` a field, `remove`, `rename` or `copy` one',
    examples: [
      [
        { op: 'rename', path: 'cents', to: 'amount' },
        { op: 'default', path: 'currency', value: 'EUR' },
      ],
    ],
  });
export type InputMapping = z.output<typeof InputMapping>;
