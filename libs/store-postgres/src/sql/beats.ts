/** $1 id · $2 host · $3 pid */
export const BEAT_SEEN = {
  name: 'beats-seen',
  text: `
with old as (
  delete from beats where id in (select id from beats where seen_at < now() - interval '1 day' and id <> $1 limit 100 for update skip locked))
insert into beats as b (id, host, pid) values ($1, $2, $3) on conflict (id) do update set seen_at = now()`,
};

/** $1 id */
export const BEAT_GONE = { name: 'beats-gone', text: `delete from beats where id = $1` };

export const BEATS = {
  name: 'beats-list',
  text: `
select id, host, pid, started_at, seen_at, seen_at > now() - interval '20 s' as alive from beats
where seen_at > now() - interval '1 day' order by beats.seen_at desc, id limit 100`,
};
