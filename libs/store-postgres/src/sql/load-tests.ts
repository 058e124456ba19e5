const LIVE = `state in ('running', 'draining')`;
const COLUMNS = `id, spec, actor, report, created_at, coalesce(ended_at, case when ${LIVE} and alive_until < now() then alive_until end) as ended_at,
  case when ${LIVE} and alive_until < now() then 'failed' else state end as state,
  case when ${LIVE} and alive_until < now() then 'its gateway went away' else error end as error`;

/** Of two that are started at once the second sees the first. */
export const LOAD_LOCK = { name: 'load-lock', text: 'select pg_advisory_xact_lock(7203158890108)' };

export const LOAD_PRUNE = {
  name: 'load-prune',
  text: 'delete from load_tests where id < (select id from load_tests order by id desc offset 100 limit 1)',
};

/** $1 id · $2 spec · $3 actor · $4 ms */
export const LOAD_BEGIN = {
  name: 'load-begin',
  text: `
insert into load_tests (id, spec, actor, alive_until)
select $1, $2, $3, now() + $4::float8 * interval '1 ms'
where not exists (select from load_tests where ${LIVE} and alive_until >= now())
returning id`,
};

/** $1 id · $2 state · $3 report or null · $4 error · $5 ms */
export const LOAD_NOTE = {
  name: 'load-note',
  text: `
update load_tests set state = $2, report = coalesce($3::json, report), error = $4, alive_until = now() + $5::float8 * interval '1 ms',
  ended_at = case when $2 not in ('running', 'draining') then now() end
where id = $1 and ${LIVE} returning stop_asked`,
};

/** $1 id */
export const LOAD_STOP = {
  name: 'load-stop',
  text: `update load_tests set stop_asked = true where id = $1 and ${LIVE} and alive_until >= now() returning id`,
};

/** $1 id */
export const LOAD_GET = { name: 'load-get', text: `select ${COLUMNS} from load_tests where id = $1` };

/** $1 limit */
export const LOAD_LIST = {
  name: 'load-list',
  text: `select ${COLUMNS} from load_tests order by id desc limit $1::int`,
};
