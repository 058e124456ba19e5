import type pg from 'pg';

/** What a migrated database holds before anybody writes to it, and how its catalogue reads. */
export interface Pristine {
  readonly shape: string;
  /** Tables that migrations fill, with their rows as JSON. */
  readonly filled: readonly { readonly table: string; readonly columns: string; readonly rows: string }[];
}

/** More than that is not emptied but dropped: a fresh clone costs less. */
const LARGE_BYTES = 64 * 1024 ** 2;

/** Of everything but rows: tables, columns, functions, triggers, constraints, rights, and settings of the database. */
const SHAPE = `select md5(concat_ws('|',
  (select string_agg(concat_ws(' ', oid, relname, relkind, relacl, reloptions, relrowsecurity), ',' order by oid) from pg_class where oid >= 16384),
  (select string_agg(concat_ws(' ', attrelid, attnum, attname, atttypid, attnotnull, attisdropped, atthasdef, attstattarget), ',' order by attrelid, attnum)
     from pg_attribute where attrelid >= 16384 and attnum > 0),
  (select string_agg(concat_ws(' ', oid, proname, md5(prosrc), proacl, proconfig), ',' order by oid) from pg_proc where oid >= 16384),
  (select string_agg(concat_ws(' ', oid, tgname, tgenabled), ',' order by oid) from pg_trigger),
  (select string_agg(concat_ws(' ', oid, conname), ',' order by oid) from pg_constraint where oid >= 16384),
  (select string_agg(concat_ws(' ', indexrelid, indisvalid), ',' order by indexrelid) from pg_index where indexrelid >= 16384),
  (select string_agg(concat_ws(' ', oid, nspname, nspacl), ',' order by oid) from pg_namespace where nspname !~ '^pg_(toast_)?temp'),
  (select string_agg(concat_ws(' ', oid, adrelid, adnum), ',' order by oid) from pg_attrdef),
  (select string_agg(concat_ws(' ', oid), ',' order by oid) from pg_rewrite where oid >= 16384),
  (select string_agg(concat_ws(' ', setrole, setconfig), ',' order by setrole) from pg_db_role_setting s, pg_database d where d.oid = s.setdatabase and datname = current_database()),
  (select concat_ws(' ', datacl, datconnlimit) from pg_database where datname = current_database())
)) as shape`;

const TABLES = `select c.oid::regclass::text as name,
  (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
   where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns
  from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname = 'public' order by 1`;

/** Reads a database that nobody has used yet. */
export async function readPristine(client: pg.Client): Promise<Pristine> {
  const { rows: tables } = await client.query<{ name: string; columns: string }>(TABLES);
  const filled: Pristine['filled'][number][] = [];
  if (tables.length > 0) {
    const held = tables.map(
      ({ name }) => `select '${name.replaceAll("'", "''")}' as name where exists (select from ${name})`,
    );
    const { rows } = await client.query<{ name: string }>(held.join(' union all '));
    for (const { name } of rows) {
      const { rows: all } = await client.query<{ rows: string }>(`select json_agg(t)::text as rows from ${name} t`);
      filled.push({ table: name, columns: tables.find((one) => one.name === name)!.columns, rows: all[0]!.rows });
    }
  }
  return { shape: await readShape(client), filled };
}

/**
 * Makes a used database as it was: no rows but those of the migrations, sequences at their start, nothing counted.
 * @returns false when that cannot be said of it: its tables, functions, rights or settings are others, or there is too much to delete
 */
export async function reset(client: pg.Client, pristine: Pristine): Promise<boolean> {
  // A session that is still open may hold locks, or write once more.
  await client.query(
    'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  if ((await readShape(client)) !== pristine.shape) return false;
  const { rows } = await client.query<{ large: boolean }>(
    `select sum(pg_total_relation_size(c.oid)) > ${LARGE_BYTES} as large from pg_class c where relkind = 'r' and oid >= 16384`,
  );
  if (rows[0]!.large) return false;
  await client.query(EMPTY);
  // Of this session too, or they would be counted later.
  await client.query('select pg_stat_force_next_flush()');
  await client.query('select pg_stat_reset()');
  // No trigger is to take them for new rows.
  if (pristine.filled.length > 0) await client.query('set session_replication_role = replica');
  for (const { table, columns, rows: kept } of pristine.filled)
    await client.query(
      `insert into ${table} (${columns}) overriding system value select ${columns} from json_populate_recordset(null::${table}, $1)`,
      [kept],
    );
  if (pristine.filled.length > 0) await client.query('reset session_replication_role');
  return true;
}

const EMPTY = `do $$ declare one regclass; used regclass[] := '{}'; has boolean; begin
  for one in select c.oid from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname = 'public' loop
    execute format('select exists (select from %s)', one) into has;
    if has then used := used || one; end if;
  end loop;
  if cardinality(used) > 0 then
    execute (select format('truncate %s restart identity cascade', string_agg(table_name::text, ', ')) from unnest(used) as table_name);
    delete from pg_statistic where starelid = any(used);
  end if;
  perform setval(s.seqrelid, s.seqstart, false) from pg_sequence s;
end $$`;

async function readShape(client: pg.Client): Promise<string> {
  return (await client.query<{ shape: string }>(SHAPE)).rows[0]!.shape;
}
