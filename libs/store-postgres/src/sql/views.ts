const COLUMNS = `v.id, v.user_id, coalesce(u.name, u.email) as owner_name, v.name, v.screen, v.query, v.shared, v.created_at, v.updated_at`;

/** Of several views that a user makes at once each is counted. $1 user */
export const LOCK_USER = { name: 'views-lock-user', text: 'select id from users where id = $1 for no key update' };

/** $1 id · $2 user · $3 name · $4 screen · $5 query · $6 shared · $7 most */
export const INSERT_VIEW = {
  name: 'views-insert',
  text: `
with v as (
  insert into views (id, user_id, name, screen, query, shared)
  select $1, $2, $3, $4, $5, $6 where (select count(*) from views where user_id = $2) < $7::int
  returning *)
select ${COLUMNS} from v join users u on u.id = v.user_id`,
};

/** $1 user · $2 screen or null · $3 limit */
export const LIST_VIEWS = {
  name: 'views-list',
  text: `
select ${COLUMNS} from (
  select * from views where user_id = $1
  union all
  select * from views where shared and user_id <> $1) v
join users u on u.id = v.user_id
where $2::text is null or v.screen = $2
order by v.user_id = $1 desc, v.name, v.id limit $3::int`,
};

/** $1 id */
export const GET_VIEW = {
  name: 'views-get',
  text: `select ${COLUMNS} from views v join users u on u.id = v.user_id where v.id = $1`,
};

/** What is null stays. $1 id · $2 name · $3 query · $4 shared */
export const UPDATE_VIEW = {
  name: 'views-update',
  text: `
with v as (
  update views set name = coalesce($2::text, name), query = coalesce($3::text, query), shared = coalesce($4::bool, shared),
    updated_at = now()
  where id = $1 returning *)
select ${COLUMNS} from v join users u on u.id = v.user_id`,
};

/** $1 id */
export const REMOVE_VIEW = { name: 'views-remove', text: 'delete from views where id = $1 returning id' };
