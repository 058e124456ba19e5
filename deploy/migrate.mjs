// Brings the database up to date as the owner of its tables (DATABASE_URL), and where APP_DATABASE_PASSWORD is set makes the role
// of the apps (APP_DATABASE_ROLE, lovage_app unless told otherwise), which reads and writes rows and can do nothing else.
//   node deploy/migrate.mjs
import { spawnSync } from 'node:child_process';
import pg from 'pg';

const { DATABASE_URL: url, APP_DATABASE_PASSWORD: password, APP_DATABASE_ROLE: role = 'lovage_app' } = process.env;

/** Runs as often as one likes; a changed password takes effect. */
const GRANTS = `
  grant usage on schema public to %1$I;
  revoke create on schema public from public;
  grant select, insert, update, delete on all tables in schema public to %1$I;
  grant usage, select on all sequences in schema public to %1$I;
  alter default privileges in schema public grant select, insert, update, delete on tables to %1$I;
  alter default privileges in schema public grant usage, select on sequences to %1$I`;
const LOGIN = `alter role %I nosuperuser nocreatedb nocreaterole noreplication nobypassrls login password %L`;
/** Which migrations were applied is for the owner to say. */
const HISTORY = `revoke insert, update, delete on _prisma_migrations from %I`;

async function grant() {
  const client = new pg.Client({ connectionString: url, application_name: 'lovage-migrate' });
  await client.connect();
  try {
    // The server quotes what is put in: a statement like these takes no parameters.
    const run = async (text, ...values) => {
      const places = values.map((_, index) => `, $${index + 2}::text`).join('');
      const { rows } = await client.query(`select format($1${places}) as text`, [text, ...values]);
      await client.query(rows[0].text);
    };
    await client.query('begin');
    // One at a time: two migrations may start at once.
    await client.query(`select pg_advisory_xact_lock(hashtext('lovage app role'))`);
    const { rows } = await client.query(
      `select (select rolname = current_user from pg_roles where rolname = $1) as own,
         to_regclass('public._prisma_migrations') is not null as history`,
      [role],
    );
    if (rows[0].own)
      throw new Error(`APP_DATABASE_ROLE and DATABASE_URL name the same role, ${role}: it would lose its rights`);
    if (rows[0].own === null) await run('create role %I', role);
    await run(LOGIN, role, password);
    await run(GRANTS, role);
    if (rows[0].history) await run(HISTORY, role);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

function migrate() {
  const { status, signal } = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'migrate', 'deploy'], {
    stdio: 'inherit',
  });
  return signal ? 1 : status;
}

// Before: apps that run while tables are added may write to those from the first moment. After: for the history's own table.
if (password) await grant();
process.exitCode = migrate();
if (password && process.exitCode === 0) await grant();
