import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { HttpStatus, UrlRefused, webUrl } from './files.ts';

/** Longest payload, characters as JSON. */
const MAX_PAYLOAD = 262_144;

export const deliverWebhook = defineTask({
  name: 'webhooks.deliver',
  summary: 'Posts a signed webhook to a URL',
  description:
    'Posts the payload as JSON, signed as Standard Webhooks has it: `webhook-id` is the task’s id, the same at each attempt; `webhook-signature` is `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64. Only addresses of the public internet are reached; redirects are not followed. Ten deliveries to one host run at once.',
  input: z
    .strictObject({
      url: webUrl('Where to post it.').meta({
        description: 'Where to post it.',
        examples: ['https://example.org/hooks/orders'],
      }),
      payload: z
        .unknown()
        .nonoptional()
        .refine(
          (value) => JSON.stringify(value).length <= MAX_PAYLOAD,
          `must be at most ${MAX_PAYLOAD} characters as JSON`,
        )
        .meta({
          description: `Any JSON value, at most ${MAX_PAYLOAD} characters.`,
          examples: [{ type: 'order.paid', data: { order: 17 } }],
        }),
      secret: z
        .string()
        .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the name of a secret in WEBHOOK_SECRETS')
        .meta({
          description:
            'Name of the secret in `WEBHOOK_SECRETS` that signs it; the secret itself is never part of a task.',
          examples: ['orders'],
        }),
    })
    .meta({
      examples: [
        {
          url: 'https://example.org/hooks/orders',
          payload: { type: 'order.paid', data: { order: 17 } },
          secret: 'orders',
        },
      ],
    }),
  output: z
    .strictObject({ status: z.int().meta({ description: 'Of the answer, from 200 to 299. Its body is not read.' }) })
    .meta({ examples: [{ status: 204 }] }),
  errors: {
    UrlRefused,
    HttpStatus,
    SecretUnknown: z
      .strictObject({ secret: z.string().meta({ description: 'The name given.' }) })
      .meta({ description: '`WEBHOOK_SECRETS` of the worker has no secret of this name.' }),
  },
  defaults: {
    // Some 12 hours in all; a receiver that says when (`Retry-After`) is believed up to a day.
    retry: { maxAttempts: 12, delay: '5s', maxDelay: '4h', maxRetryAfter: '1d' },
    concurrency: { key: ({ url }) => new URL(url).host, limit: 10 },
    softTimeLimit: '1m',
    timeLimit: '90s',
  },
});
