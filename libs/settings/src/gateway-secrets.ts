import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Admin, Settings } from './settings.ts';
import { SettingError } from './setting-error.ts';

export interface GatewaySecrets {
  readonly jwtSecret: string;
  readonly admin: Admin;
  /** The administrator's password was made by this call: the one who runs it is to be told, once. */
  readonly adminIsNew: boolean;
}

const DEVELOPMENT_ADMIN = 'admin@lovage.local';

/**
 * The gateway's secrets: those that are set; in development the missing ones are made at random and kept in the data
 * directory, readable by their owner alone, so that they stay the same from start to start.
 * @throws SettingError in production, where nothing is made up.
 */
export function gatewaySecrets(settings: Settings): GatewaySecrets {
  const { jwtSecret, admin } = settings.secrets;
  if (settings.mode === 'production') {
    if (jwtSecret !== undefined && admin !== undefined) return { jwtSecret, admin, adminIsNew: false };
    throw new SettingError(
      [
        { variable: 'JWT_SECRET', missing: jwtSecret === undefined },
        { variable: 'ADMIN_EMAIL and ADMIN_PASSWORD', missing: admin === undefined },
      ]
        .filter(({ missing }) => missing)
        .map(({ variable }) => ({ variable, is: 'not set', expected: 'set in production' })),
    );
  }
  const password = admin ? undefined : keptSecret(settings.dataDir, 'admin-password', 12);
  return {
    jwtSecret: jwtSecret ?? keptSecret(settings.dataDir, 'jwt-secret', 48).secret,
    admin: admin ?? { email: DEVELOPMENT_ADMIN, password: password!.secret },
    adminIsNew: password?.made ?? false,
  };
}

/** The secret in this file; made when there is none. Of several processes that make it at once, all get the first one's. */
export function keptSecret(dir: string, name: string, length: number): { secret: string; made: boolean } {
  const file = join(dir, name);
  if (existsSync(file)) return { secret: readFileSync(file, 'utf8').trim(), made: false };
  mkdirSync(dir, { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${randomBytes(length).toString('base64url')}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  let made = true;
  try {
    // Unlike a rename, a link never replaces what another process put there meanwhile.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    made = false;
  } finally {
    rmSync(draft, { force: true });
  }
  return { secret: readFileSync(file, 'utf8').trim(), made };
}
