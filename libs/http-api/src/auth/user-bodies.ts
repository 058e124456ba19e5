import { z } from 'zod';
import { USER_ROLES } from './roles.ts';
import { UserDocument } from './user.ts';

const Name = z.string().trim().min(1).max(200);
/** NIST 800-63B: length is what counts. Bounded above, since hashing costs time for every byte. */
const Password = z.string().min(8).max(1024);

/** Body of `POST /api/users`. */
export const NewUserBody = z
  .strictObject({
    email: z.email().max(320),
    password: Password,
    role: z.enum(USER_ROLES).default('viewer'),
    name: Name.nullable().default(null),
  })
  .meta({ id: 'NewUser' });
export type NewUserBody = z.output<typeof NewUserBody>;

/** A user who has lost a password may have lost keys with it. */
const RevokeApiKeys = z
  .boolean()
  .optional()
  .meta({ description: 'Revoke every API key of the user, in the same step. Without it keys go on' });

/** Body of `PATCH /api/users/{id}`. */
export const UserPatchBody = z
  .strictObject({ role: z.enum(USER_ROLES), name: Name.nullable(), password: Password })
  .partial()
  .extend({
    disabled: z.boolean().optional().meta({
      description:
        'true: every login of the user ends, and neither login nor API key opens anything until false. The own user stays',
    }),
    revokeApiKeys: RevokeApiKeys,
  })
  .meta({ id: 'UserPatch' });
export type UserPatchBody = z.output<typeof UserPatchBody>;

/** Body of `PATCH /api/users/me`. */
export const MePatchBody = z
  .strictObject({
    name: Name.nullable().optional(),
    password: z
      .strictObject({ current: z.string().min(1).max(1024), new: Password })
      .optional()
      .meta({ description: 'A new password; every login of the user ends, this one included' }),
    revokeApiKeys: RevokeApiKeys,
  })
  .meta({ id: 'MePatch' });
export type MePatchBody = z.output<typeof MePatchBody>;

export const UserList = z.object({ items: z.array(UserDocument) }).meta({ id: 'UserList' });
export type UserList = z.output<typeof UserList>;
