import { z } from 'zod';

/** Body of `POST /api/auth/login`. */
export const LoginBody = z
  .strictObject({
    // No stricter form than this: a login only compares, and a mistyped password is told by 401.
    email: z.string().min(1).max(320),
    // Bounded, since hashing costs time for every byte.
    password: z.string().min(1).max(1024),
    cookie: z.boolean().default(false).meta({
      description:
        'Put the refresh token into a cookie out of reach of scripts, not into the answer. Only pages of this origin may ask so',
    }),
  })
  .meta({ id: 'Login' });
export type LoginBody = z.output<typeof LoginBody>;

/** What a login gives. */
export const LoginAnswer = z
  .object({
    accessToken: z.string().meta({ description: 'For the header: Authorization: Bearer <accessToken>' }),
    refreshToken: z.string().nullable().meta({
      description:
        'For POST /api/auth/refresh, once: each use gives the next. Using an old one ends the whole login. null: it is in the cookie',
    }),
    expiresIn: z.int().meta({ description: 'How long the access token holds, in seconds', example: 900 }),
  })
  .meta({ id: 'LoginAnswer' });
export type LoginAnswer = z.output<typeof LoginAnswer>;
