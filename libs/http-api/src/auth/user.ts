import { z } from 'zod';
import { USER_ROLES } from './roles.ts';

/** A user as the API shows it. */
export const UserDocument = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(USER_ROLES),
    disabledAt: z.iso
      .datetime({ precision: 3 })
      .nullable()
      .meta({ description: 'Since when the user may do nothing, by login, token or API key; null: the user may' }),
    createdAt: z.iso.datetime({ precision: 3 }),
  })
  .meta({ id: 'User' });
export type UserDocument = z.output<typeof UserDocument>;
