import { z } from 'zod';

const Token = z.string().min(1).max(512);

/** Body of `POST /api/auth/refresh` and `/logout`. */
export const RefreshBody = z.strictObject({ refreshToken: Token }).meta({ id: 'Refresh' });
export type RefreshBody = z.output<typeof RefreshBody>;
