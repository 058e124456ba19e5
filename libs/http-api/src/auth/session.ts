import { z } from 'zod';

const Token = z.string().min(1).max(512);

/** Body of `POST /api/auth/refresh` and `/logout`; may be left out. */
export const RefreshBody = z
  .strictObject({
    refreshToken: Token.optional().meta({
      description: 'Left out: that of the cookie, which only pages of this origin may use',
    }),
  })
  .meta({ id: 'Refresh' });
export type RefreshBody = z.output<typeof RefreshBody>;

const time = z.iso.datetime({ precision: 3 });

/** A login that can be refreshed: a browser or program that is signed in. */
export const SessionDocument = z
  .object({
    id: z.uuid(),
    userId: z.uuid(),
    current: z.boolean().meta({ description: 'It is the one that asks' }),
    cookie: z.boolean().meta({ description: 'Its refresh token is in a cookie: a browser' }),
    createdAt: time.meta({ description: 'When the user signed in' }),
    lastUsedAt: time.meta({ description: 'When it was refreshed last' }),
    expiresAt: time.meta({ description: 'If it is not used again' }),
    address: z.string().nullable().meta({ description: 'Where it was used from last; null: not known' }),
    userAgent: z.string().nullable().meta({ description: 'As the client states it, 300 characters at most' }),
  })
  .meta({ id: 'Session' });
export type SessionDocument = z.output<typeof SessionDocument>;

/** Query of `GET /api/sessions`. */
export const SessionQuery = z.strictObject({
  user: z
    .union([z.literal('all'), z.uuid()], { error: 'must be a user’s id, or `all`' })
    .optional()
    .meta({ description: 'For administrators: sessions of this user, or of `all`. Left out: your own' }),
});
export type SessionQuery = z.output<typeof SessionQuery>;

export const SessionList = z
  .object({ items: z.array(SessionDocument).meta({ description: 'Those used last first; 200 at most' }) })
  .meta({ id: 'SessionList' });
export type SessionList = z.output<typeof SessionList>;

/** Answer of `POST /api/auth/logout-everywhere`. */
export const LogoutEverywhereAnswer = z
  .object({ ended: z.int().min(0).meta({ description: 'Sessions that have ended, this one included' }) })
  .meta({ id: 'LogoutEverywhereAnswer' });
export type LogoutEverywhereAnswer = z.output<typeof LogoutEverywhereAnswer>;
