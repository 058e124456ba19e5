import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { testDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A database as docker-compose.yml has it: migrated by its owner, and used by a role that reads and writes rows alone. */
export async function productionDatabase(): Promise<{
  /** That role's. */
  readonly url: string;
  /** The owner's. */
  readonly ownerUrl: string;
  drop(): Promise<void>;
}> {
  const db = await testDatabase({ migrated: false });
  const role = `lovage_e2e_app_${process.pid}_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  const drop = async () => {
    await db.query(`drop owned by ${role}`);
    await db.query(`drop role ${role}`);
    await db.drop();
  };
  await promisify(execFile)(process.execPath, ['deploy/migrate.mjs'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: db.url, APP_DATABASE_ROLE: role, APP_DATABASE_PASSWORD: password },
  });
  const url = new URL(db.url);
  url.username = role;
  url.password = password;
  return { url: url.toString(), ownerUrl: db.url, drop };
}
