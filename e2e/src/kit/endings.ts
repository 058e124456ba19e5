import type { RunningPlatform } from './platform.ts';

/** What runs statements on the database of a platform. */
export type Queried = Pick<RunningPlatform, 'query'>;

/**
 * Makes the database itself write down each time a task becomes terminal, and each time anything changes one that is:
 * what a look afterwards could not tell.
 */
export async function watchEndings(platform: Queried): Promise<void> {
  await platform.query(`
    create table endings (task_id uuid, state text);
    create function note_ending() returns trigger language plpgsql as $$ begin
      if tg_op = 'UPDATE' and old.finished_at is not null then
        if (new.state, new.result::text, new.finished_at) is distinct from (old.state, old.result::text, old.finished_at) then
          insert into endings values (new.id, 'changed from ' || old.state || ' to ' || new.state);
        end if;
      elsif new.finished_at is not null then
        insert into endings values (new.id, new.state);
      end if;
      return null;
    end $$;
    create trigger note_ending after insert or update on tasks for each row execute function note_ending();`);
}

export interface Ending {
  readonly task_id: string;
  readonly state: string;
}

/** Every ending so far, in no order. */
export function endings(platform: Queried): Promise<Ending[]> {
  return platform.query<{ task_id: string; state: string }>('select task_id, state from endings');
}
