#!/usr/bin/env node
// Stands in for Prisma's schema-engine executable where it cannot be downloaded.
// `prisma migrate` starts the file named by PRISMA_SCHEMA_ENGINE_BINARY and speaks JSON-RPC to it,
// a line a message, on stdin and stdout; the WebAssembly build of the same engine, from npm
// (@prisma/schema-engine-wasm, at the version that @prisma/engines-version names), answers here.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';

const require = createRequire(import.meta.url);
const PG_CHAR = 18; // PostgreSQL's internal "char" type, which @prisma/adapter-pg refuses and the engine expects
const PG_BPCHAR = 1042;

const argv = process.argv.slice(2);
const option = (name) => {
  const at = argv.indexOf(name);
  if (at < 0) return [];
  const rest = argv.slice(at + 1);
  const end = rest.findIndex((word) => word.startsWith('--'));
  return end < 0 ? rest : rest.slice(0, end);
};
const url = new URL(JSON.parse(option('--datasource')[0]).url);
const connection = {
  host: url.hostname,
  port: Number(url.port || 5432),
  user: decodeURIComponent(url.username),
  password: decodeURIComponent(url.password),
  database: url.pathname.slice(1),
};

// The CLI drops the first line of the log and reads each other line as JSON.
const fail = (message, code) => {
  const log = (level, fields) =>
    JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' });
  process.stderr.write(
    [log('INFO', { message: 'starting' }), log('ERROR', { message, error_code: code, is_panic: false })].join('\n'),
  );
  process.exit(1);
};

if (argv.includes('cli')) {
  const wanted = argv.at(-1);
  const open = async (database) => {
    const client = new pg.Client({ ...connection, database });
    await client.connect();
    return client;
  };
  try {
    if (wanted === 'create-database') {
      const client = await open('postgres');
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(connection.database)}`);
      await client.end();
    } else if (wanted === 'can-connect-to-database') {
      await (await open(connection.database)).end();
    } else fail(`unsupported command: ${wanted}`, 'P1012');
    process.exit(0);
  } catch (error) {
    fail(error.message, error.code === '3D000' ? 'P1003' : 'P1001');
  }
}

let charColumns = [];
const Result = require('pg/lib/result');
const addFields = Result.prototype.addFields;
Result.prototype.addFields = function (fields) {
  charColumns = fields.map((field) => field.dataTypeID === PG_CHAR);
  for (const field of fields) if (field.dataTypeID === PG_CHAR) field.dataTypeID = PG_BPCHAR;
  return addFields.call(this, fields);
};
const withCharColumns = (adapter) => {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    result.columnTypes = result.columnTypes.map((type, i) => (charColumns[i] ? ColumnTypeEnum.Character : type));
    return result;
  };
  // The adapter's own cuts scripts at every semicolon, those within function bodies too; Postgres knows better. As with
  // the executable, a script without transactions of its own is one transaction.
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      adapter.onError(error);
    }
  };
  return adapter;
};
const factory = new PrismaPg(connection);
const connect = factory.connect.bind(factory);
factory.connect = async () => withCharColumns(await connect());
// The adapter's own drops the shadow database before it closes its connections to it, which PostgreSQL refuses.
factory.connectToShadowDb = async () => {
  const main = await factory.connect();
  const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
  await main.executeScript(`CREATE DATABASE "${database}"`);
  const shadow = withCharColumns(await new PrismaPg({ ...connection, database }).connect());
  const dispose = shadow.dispose.bind(shadow);
  shadow.dispose = async () => {
    await dispose();
    await main.executeScript(`DROP DATABASE IF EXISTS "${database}"`);
    await main.dispose();
  };
  return shadow;
};

globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => fail(message, 'P1000') };
const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg');
const wasm = readFileSync(new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm')));
const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { './schema_engine_bg.js': bindings });
bindings.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start?.();

const datamodels = option('--datamodels').map((path) => [path, readFileSync(path, 'utf8')]);
const engine = await bindings.SchemaEngine.new(
  { datamodels: datamodels.length ? datamodels : undefined },
  () => {},
  bindMigrationAwareSqlAdapterFactory(factory),
);

const renamed = { getDatabaseVersion: 'version' };
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const { id, method, params } = JSON.parse(line);
  let reply;
  try {
    const argument = params?.[0] ?? params;
    // Unless a diagnosis has come as far as the shadow database, this build knows none; the one that `migrate dev` asks
    // for stops short of it where migrations are still to be applied.
    if (method === 'evaluateDataLoss') {
      const { migrationsList, filters } = argument;
      await engine.devDiagnostic({ migrationsList, filters });
    }
    const result = await engine[renamed[method] ?? method](argument);
    reply = { result: result ?? null };
  } catch (error) {
    const message = String(error.message ?? error);
    reply = {
      error: { code: 4466, message, data: { is_panic: false, message, meta: error.meta, error_code: error.code } },
    };
  }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`);
}
process.exit(0);
