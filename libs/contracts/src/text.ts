import { defineTask } from '@lovage/task';
import { z } from 'zod';

export const processWord = defineTask({
  name: 'text.process_word',
  summary: 'Works on a word for ten seconds, with progress',
  description:
    'Ten steps of a second; after each it reports how much is done. Watch it live through the events of the task.',
  input: z
    .strictObject({
      word: z
        .string()
        .min(1)
        .max(1000)
        .meta({ description: 'What to work on.', examples: ['lovage'] }),
    })
    .meta({ examples: [{ word: 'lovage' }] }),
  output: z.string().meta({ description: 'A sentence that ends in the word.', examples: ['processed lovage'] }),
  progress: z
    .strictObject({
      percent: z
        .int()
        .min(0)
        .max(100)
        .meta({ description: 'Done so far.', examples: [10] }),
    })
    .meta({ examples: [{ percent: 10 }] }),
});
