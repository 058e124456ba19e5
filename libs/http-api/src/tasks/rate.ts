import { rateIntervalMs } from '@lovage/task';
import { z } from 'zod';

/** How many of something are begun in a time, such as `50/s`; checked, and passed on as it was given. */
export const RateText = z
  .string({ error: 'must be a rate such as "100/m"' })
  .max(40, { abort: true })
  .superRefine((rate, context) => {
    try {
      rateIntervalMs(rate);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  })
  .meta({ id: 'Rate', description: 'So many a second, minute or hour: "50/s", "100/m", "1000/h"', examples: ['50/s'] });
