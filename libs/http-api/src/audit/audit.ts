import { z } from 'zod';

/** Something that somebody did. */
export const AuditDocument = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime({ precision: 3 }),
    actor: z.uuid().nullable().meta({ description: 'Id of the user; null: nobody known' }),
    keyId: z.uuid().nullable().meta({ description: 'The API key it was done with' }),
    action: z.string().meta({ example: 'user.create' }),
    target: z.string().nullable(),
    detail: z.unknown(),
    address: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditDocument = z.output<typeof AuditDocument>;

export const AuditList = z
  .object({
    items: z.array(AuditDocument),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'For the parameter `cursor` of the next page; null: no more' }),
  })
  .meta({ id: 'AuditList' });
export type AuditList = z.output<typeof AuditList>;
