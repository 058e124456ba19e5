/** Clocks of submitters may differ from Postgres' by this, and a submit takes its time, ms. */
const SLACK_MS = 10_000;
/** A submitter that has not told for so long is away, or dead. It tells each second. */
const STALE = `interval '3 s'`;

/**
 * A submitter tells. Of those that are silent it notes since when, and forgets them after ten minutes in which Postgres could
 * be reached: nobody is left to write their rows, and their messages have been claimed by then, or wait in a long queue.
 * $1 submitter · $2 pending since, ms; null: nothing is
 */
export const RENEW = {
  name: 'row-gaps-renew',
  text: `
with silent as (
  update row_gaps set stale_since = now()
  where id <> $1 and to_at is null and stale_since is null and renewed_at < now() - ${STALE}),
gone as (
  delete from row_gaps where id <> $1
    and (stale_since < now() - interval '10 minutes' or (to_at is not null and renewed_at < now() - interval '1 hour')))
insert into row_gaps (id, from_at, renewed_at) values ($1, $2::bigint, now())
on conflict (id) do update set from_at = excluded.from_at, renewed_at = excluded.renewed_at, stale_since = null`,
};

/** $1 id of the span · $2 from, $3 to, ms */
export const RECORD_LOSS = {
  name: 'row-gaps-record-loss',
  text: `
insert into row_gaps (id, from_at, to_at, renewed_at) values ($1, $2::bigint, $3::bigint, now())
on conflict (id) do update set from_at = excluded.from_at, to_at = excluded.to_at, renewed_at = excluded.renewed_at`,
};

/** $1 submitter */
export const END = { name: 'row-gaps-end', text: `delete from row_gaps where id = $1` };

/**
 * A silent submitter may have accepted tasks since it told last. After a start of Postgres so may one that has not told since,
 * however short that was ago. $1 made at, ms
 */
export const MAY_LACK = {
  name: 'row-gaps-may-lack',
  text: `
select exists (select from row_gaps where case
  when to_at is not null then $1::float8 between from_at - ${SLACK_MS} and to_at + ${SLACK_MS}
  when from_at is not null then $1::float8 >= from_at - ${SLACK_MS}
  else (renewed_at < now() - ${STALE} or renewed_at < pg_postmaster_start_time())
    and $1::float8 >= extract(epoch from renewed_at) * 1000 - ${SLACK_MS} end) as may_lack`,
};
