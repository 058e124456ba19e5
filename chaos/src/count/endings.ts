/**
 * Makes the database itself write down each time a task becomes terminal, and each time anything changes one that is: what a
 * look afterwards could not tell.
 */
export const WATCH_ENDINGS = `
  create table chaos_endings (task_id uuid not null, state text not null, changed boolean not null,
    at timestamptz not null, started_at timestamptz);
  create function chaos_note_ending() returns trigger language plpgsql as $$ begin
    if tg_op = 'UPDATE' and old.finished_at is not null then
      if (new.state, new.result::text, new.error::text, new.finished_at)
         is distinct from (old.state, old.result::text, old.error::text, old.finished_at) then
        insert into chaos_endings values (new.id, new.state, true, clock_timestamp(), new.started_at);
      end if;
    elsif new.finished_at is not null then
      insert into chaos_endings values (new.id, new.state, false, clock_timestamp(), new.started_at);
    end if;
    return null;
  end $$;
  create trigger chaos_note_ending after insert or update on tasks for each row execute function chaos_note_ending();`;

/** A task became terminal; or, if `changed`, was so already and was written to. */
export interface CountedEnding {
  readonly id: string;
  readonly state: string;
  readonly changed: boolean;
  /** ms since 1970, of the database's clock: this machine's. */
  readonly at: number;
  /** When its last run was claimed; null if it never was. */
  readonly startedAt: number | null;
}

export const READ_ENDINGS = `
  select e.task_id as id, e.state, e.changed, (extract(epoch from e.at) * 1000)::float8 as at,
    (extract(epoch from e.started_at) * 1000)::float8 as "startedAt"
  from chaos_endings e where not exists (select from tasks t where t.id = e.task_id and t.queue <> $1) order by e.at`;
