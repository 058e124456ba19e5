import { CAPPED_AT, RATED_AT } from '../preload/limits.ts';
import type { Scenario } from '../run/scenario.ts';
import type { Stage } from '../run/stage.ts';
import { backOnDuty } from './killed.ts';

const PAUSED_SECONDS = 5;
/** Past a lease: what it holds is run by others, while it still runs it. */
const FROZEN_SECONDS = 9;

/** Makes the database write down each start and each end of a claim: what a look afterwards could not tell. */
const WATCH_CLAIMS = `
  create table chaos_claims (no bigserial primary key, name text not null, key text, change int not null, started_at timestamptz(3));
  create function chaos_note_claim() returns trigger language plpgsql as $$
    declare was uuid := case when tg_op = 'UPDATE' then old.claim_worker end;
    begin
      if new.claim_worker is not null and (was is null or (old.claim_worker, old.claim_no) <> (new.claim_worker, new.claim_no)) then
        insert into chaos_claims (name, key, change, started_at) values (new.name, new.limit_key, (was is null)::int, new.started_at);
      elsif new.claim_worker is null and was is not null then
        insert into chaos_claims (name, key, change) values (old.name, old.limit_key, -1);
      end if;
      return null;
    end $$;
  create trigger chaos_note_claim after insert or update on tasks for each row execute function chaos_note_claim();
  insert into chaos_claims (name, key, change, started_at)
    select name, limit_key, 1, started_at from tasks where claim_worker is not null and finished_at is null;`;

/** Of a row: nothing before it is undone, so a number that is taken earlier stands for a moment that was earlier. */
const MOST_AT_ONCE = `
  select coalesce(max(n), 0)::int as most from (
    select sum(change) over (partition by key order by no) as n from chaos_claims where name = 'chaos.capped') s`;
const MOST_IN_A_SECOND = `
  select coalesce(max(n), 0)::int as most from (
    select count(*) over (order by started_at range between current row and '999 ms' following) as n
    from chaos_claims where name = 'chaos.rated' and started_at is not null) s`;

async function setPause(stage: Stage, paused: boolean): Promise<void> {
  await stage.query(
    `insert into queues (name, paused_at) values ($1, case when $2 then now() end)
     on conflict (name) do update set paused_at = excluded.paused_at`,
    [stage.queue, paused],
  );
}

let pauses = 0;

/** A quarter of the tasks has a rate, a quarter waits for slots of five keys; workers die and hang, the queue is paused. */
export const limits: Scenario = {
  name: 'limits',
  summary: `SIGKILL and SIGSTOP of workers and pauses of the queue while half of the tasks have a rate or a concurrency limit`,
  seconds: 60,
  atLeastSeconds: 40,
  task(n, usual) {
    if (n % 4 === 0) return { ...usual, name: 'chaos.rated' };
    return n % 4 === 1 ? { ...usual, name: 'chaos.capped' } : usual;
  },
  async disturb(stage) {
    pauses = 0;
    await stage.query(WATCH_CLAIMS);
    const { workers } = stage.fleet;
    for (let time = 0; !stage.load.waning; time += 1) {
      const [victim, sleeper] = [workers[time % workers.length]!, workers[(time + 1) % workers.length]!];
      if (victim.ready) {
        await victim.kill();
        await backOnDuty(stage);
      }
      await stage.pause(2);
      await setPause(stage, true);
      await stage.pause(PAUSED_SECONDS);
      await setPause(stage, false);
      pauses += 1;
      stage.returned('the queue');
      await stage.pause(2);
      if (!sleeper.ready) continue;
      sleeper.freeze();
      await stage.pause(FROZEN_SECONDS);
      sleeper.thaw();
      stage.returned(sleeper.name);
    }
  },
  async faults(stage) {
    const [[second], [once]] = await Promise.all([
      stage.query<{ most: number }>(MOST_IN_A_SECOND),
      stage.query<{ most: number }>(MOST_AT_ONCE),
    ]);
    stage.note(
      `most starts in a second: ${second!.most} of ${RATED_AT}; most of a key at once: ${once!.most} of ${CAPPED_AT}`,
    );
    const missed: string[] = [];
    if (second!.most > RATED_AT) missed.push(`${second!.most} tasks started in one second, of ${RATED_AT}`);
    if (once!.most > CAPPED_AT) missed.push(`${once!.most} tasks of a key ran at once, of ${CAPPED_AT}`);
    return missed;
  },
  proof({ attempts, restarts }) {
    const lost = attempts['LOST'] ?? 0;
    const kills = Object.values(restarts).reduce((sum, times) => sum + times, 0);
    return lost > 0 && kills > 0 && pauses > 0
      ? `${kills} kills, ${pauses} pauses, ${lost} runs taken over from the dead`
      : undefined;
  },
};
