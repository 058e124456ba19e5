import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { testDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface ProductionDatabase {
  /** Of the role that reads and writes rows alone. */
  readonly url: string;
  /** The owner's. */
  readonly ownerUrl: string;
  /** Brings it to the newest migration of this checkout, as the container `migrate` does at an upgrade. */
  migrate(): Promise<void>;
  drop(): Promise<void>;
}

/**
 * A database as docker-compose.yml has it: migrated by its owner, and used by a role that reads and writes rows alone.
 * @param from The checkout whose migrations it gets first.
 */
export async function productionDatabase(from = root): Promise<ProductionDatabase> {
  const db = await testDatabase({ migrated: false });
  const role = `lovage_e2e_app_${process.pid}_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  const drop = async () => {
    await db.query(`drop owned by ${role}`);
    await db.query(`drop role ${role}`);
    await db.drop();
  };
  const env = { ...process.env, DATABASE_URL: db.url, APP_DATABASE_ROLE: role, APP_DATABASE_PASSWORD: password };
  const migrate = async (cwd: string): Promise<void> => {
    await promisify(execFile)(process.execPath, ['deploy/migrate.mjs'], { cwd, env });
  };
  await migrate(from);
  const url = new URL(db.url);
  url.username = role;
  url.password = password;
  return { url: url.toString(), ownerUrl: db.url, migrate: () => migrate(root), drop };
}
