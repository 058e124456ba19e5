import { z } from 'zod';
import { USER_ROLES } from './roles.ts';

/** Body of `POST /api/api-keys`. */
export const NewApiKeyBody = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    role: z.enum(USER_ROLES).default('operator'),
    expiresInDays: z
      .int()
      .min(1)
      .max(3650)
      .optional()
      .meta({ description: 'Left out: it does not expire; revoke it when it is no longer needed' }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyBody = z.output<typeof NewApiKeyBody>;

const timestamp = z.iso.datetime({ precision: 3 });

/** An API key as the API shows it: never the key itself. */
export const ApiKeyDocument = z
  .object({
    id: z.uuid(),
    userId: z.uuid().meta({ description: 'The user who made it; what it submits is theirs' }),
    name: z.string(),
    prefix: z.string().meta({ description: 'The first characters of the key' }),
    role: z.enum(USER_ROLES),
    createdAt: timestamp,
    expiresAt: timestamp.nullable(),
    lastUsedAt: timestamp.nullable().meta({ description: 'To the minute' }),
    revokedAt: timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyDocument = z.output<typeof ApiKeyDocument>;

/** What making one gives: the only time that the key is shown. */
export const NewApiKeyAnswer = ApiKeyDocument.extend({
  key: z.string().meta({ description: 'For the header X-API-Key. It is shown this once.' }),
}).meta({ id: 'NewApiKeyAnswer' });
export type NewApiKeyAnswer = z.output<typeof NewApiKeyAnswer>;

export const ApiKeyList = z.object({ items: z.array(ApiKeyDocument) }).meta({ id: 'ApiKeyList' });
export type ApiKeyList = z.output<typeof ApiKeyList>;
