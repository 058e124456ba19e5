/** $1 queues */
export const PAUSED = {
  name: 'queues-paused',
  text: `select q.name from unnest($1::text[]) as g(name) join queues q using (name) where q.paused_at is not null`,
};

/** The first pause stays. $1 queue · $2 actor · $3 reason */
export const PAUSE = {
  name: 'queues-pause',
  text: `
insert into queues as q (name, paused_at, paused_by, paused_why) values ($1, now(), $2, $3)
on conflict (name) do update set paused_at = coalesce(q.paused_at, now()),
  paused_by = case when q.paused_at is null then $2 else q.paused_by end,
  paused_why = case when q.paused_at is null then $3 else q.paused_why end
returning paused_at, paused_by, paused_why`,
};

/** $1 queue */
export const RESUME = {
  name: 'queues-resume',
  text: `update queues set paused_at = null, paused_by = null, paused_why = null where name = $1 and paused_at is not null returning name`,
};
