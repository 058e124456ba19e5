/** Of the row in `file_usage` that holds everybody's. */
export const EVERYBODY = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** $1 id · $2 owner */
export const BEGIN = { name: 'files-begin', text: 'insert into files (id, owner) values ($1, $2)' };

/**
 * Grants an upload bytes of what both quotas have left. The row of everybody's usage is the lock: the trigger of `files` changes it
 * in the same transaction. $1 id · $2 least · $3 most · $4 quota of the owner · $5 of all; null: none
 */
export const GRANT = {
  name: 'files-grant',
  text: `
with upload as (select owner from files where id = $1),
locked as materialized (
  select u.owner, u.bytes from file_usage u where u.owner in ('${EVERYBODY}', (select owner from upload))
  order by u.owner desc for update),
room as (
  select coalesce($5::int8 - (select bytes from locked where owner = '${EVERYBODY}'), 9007199254740991) as total,
    coalesce($4::int8 - (select bytes from locked where owner <> '${EVERYBODY}'), 9007199254740991) as mine),
granted as (select least($3::int8, total, mine) as bytes, mine < $2::int8 as over_mine from room),
given as (update files f set bytes = f.bytes + g.bytes from granted g where f.id = $1 and g.bytes >= $2::int8 returning g.bytes)
select (select bytes from given)::float8 as bytes, over_mine from granted`,
};

/** $1 id · $2 path · $3 bytes */
export const SETTLE = { name: 'files-settle', text: 'update files set path = $2, bytes = $3 where id = $1' };

/** $1 ids */
export const REMOVE = { name: 'files-remove', text: 'delete from files where id = any($1::uuid[])' };

/** $1 paths */
export const FORGET = { name: 'files-forget', text: 'delete from files where path = any($1::text[])' };

/** $1 owner */
export const USAGE = {
  name: 'files-usage',
  text: `select owner::text, bytes::float8, files::float8 from file_usage where owner in ('${EVERYBODY}', $1::uuid)`,
};

/** $1 ids for new rows · $2 paths · $3 bytes, in step */
export const ADOPT = {
  name: 'files-adopt',
  text: `
with seen as materialized (select * from unnest($1::uuid[], $2::text[], $3::int8[]) as s(id, path, bytes)),
changed as (
  update files f set bytes = s.bytes from seen s where f.path = s.path and f.bytes <> s.bytes),
adopted as (
  insert into files (id, path, bytes)
  select s.id, s.path, s.bytes from seen s where not exists (select from files f where f.path = s.path) returning 1)
select count(*)::int as n from adopted`,
};

/** $1 id to begin behind · $2 ms · $3 limit */
export const ROWS = {
  name: 'files-rows',
  text: `
select id, path from files where id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
  and created_at < now() - $2::float8 * interval '1 ms' order by id limit $3`,
};

/**
 * Reads every live task, once for all texts: 3 to 6 s for 100,000 tasks of 400 bytes, however many texts. (A search for each text takes 90 ms each.)
 * $1 texts to look for, as JSON has them between its quotes
 */
export const NAMED = `
select distinct m[1] as found
from tasks t, lateral (select coalesce(t.input::text, '') || coalesce(t.message::text, '') as json) j,
  lateral regexp_matches(j.json, '"((?:[^"\\\\]|\\\\.)*)"', 'g') m
where t.finished_at is null and m[1] = any($1::text[])`;
