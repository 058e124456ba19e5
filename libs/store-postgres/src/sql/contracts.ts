const ms = (time: string) => `extract(epoch from ${time})::float8 * 1000`;

/** $1 names · $2 versions · $3 fingerprints · $4 schemas */
export const SERVED = {
  name: 'contracts-served',
  text: `
insert into contract_schemas (name, version, fingerprint, input_schema)
select * from unnest($1::text[], $2::int[], $3::text[], $4::json[]) as s(name, version, fingerprint, input_schema) order by 1, 2, 3
on conflict (name, version, fingerprint) do update set last_seen_at = now()`,
};

/** In the order of what is asked. $1 names · $2 fingerprints · $3 ms without a word */
export const PAST = {
  name: 'contracts-past',
  text: `
select coalesce((select max(c.last_seen_at) < now() - $3::float8 * interval '1 ms'
  from contract_schemas c where c.name = s.name and c.fingerprint = s.fingerprint), false) as past
from unnest($1::text[], $2::text[]) with ordinality as s(name, fingerprint, nth) order by nth`,
};

export const SEEN = {
  name: 'contracts-seen',
  text: `
select name, version, fingerprint, input_schema, ${ms('first_seen_at')} as first_seen_at, ${ms('last_seen_at')} as last_seen_at
from contract_schemas order by name, last_seen_at desc, version desc limit 10000`,
};

/** Reads the index of live tasks. */
export const WAITING_STAMPS = {
  name: 'contracts-waiting-stamps',
  text: `
select name, input_stamp as stamp, count(*)::int as count from tasks where finished_at is null group by 1, 2 order by 1, 2 limit 10000`,
};

/** $1 contract · $2 limit · $3 the last id before, or null */
export const WAITING_INPUTS = {
  name: 'contracts-waiting-inputs',
  text: `
select id, input_stamp as stamp, input, message from tasks
where finished_at is null and name = $1 and ($3::uuid is null or id > $3::uuid) order by id limit $2`,
};
