import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { percentiles } from '../measure/statistics.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { ReportRow, MeasuredRun } from '../report/row.ts';
import { startNode } from '../stand/child.ts';
import type { Stand } from '../stand/stand.ts';
import { Lovage } from '../systems/lovage.ts';
import { TIMEOUT_MS } from '../systems/system.ts';
import { callLatency } from './latency.ts';
import type { Context, Measurement } from './measurement.ts';

const CONTRACT = 'bench.slot';
const KEY = `concurrency:${CONTRACT}`;
/** Slots that others have, of a limit one larger. */
const TAKEN = 9999;
const SETTLE_MS = 1000;
const LOOK_MS = 50;

/** Sets the limit, as an operator does. */
async function setLimit({ db }: Stand, limit: number): Promise<void> {
  await db.query('delete from limit_overrides');
  await db.query('insert into limit_overrides (contract, concurrency) values ($1, $2)', [CONTRACT, limit]);
  await db.query('select limits_wake($1)', [KEY]);
}

/** Tasks of a worker that lives, as far as the database knows: they run all the while. */
async function takeSlots({ db }: Stand, count: number): Promise<void> {
  await db.query(
    `with w as (insert into workers (id, name, lease_until) values (gen_random_uuid(), 'busy', 'infinity') returning id),
     t as (
       insert into tasks (id, name, queue, state, claim_worker, claim_no, limit_key, started_at)
       select gen_random_uuid(), $1, 'elsewhere', 'STARTED', w.id, n, $2, now() from w, generate_series(1, $3::int) n returning id)
     insert into limit_slots (task_id, limit_key) select id, $2 from t`,
    [CONTRACT, KEY, count],
  );
}

/** Of tasks that wait for one slot: how many a second get it, and how long after the end of the one before each begins, ms. */
async function handedOver({ stand, options }: Context, lovage: Lovage, taken: number) {
  const n = Math.max(50, Math.ceil(options.tasks / 20));
  await lovage.reset();
  await stand.db.query('truncate limit_keys, limit_slots, limit_tickets, limit_overrides');
  await stand.db.query('insert into limit_keys (key, contract, declared) values ($1, $2, 1)', [KEY, CONTRACT]);
  await using _worker = await lovage.startWorker();
  const main = fileURLToPath(import.meta.resolve('@lovage/beat'));
  await using _beat = await startNode(main, [], { ...lovage.env(), LOG_LEVEL: 'info' }, /beat/);
  await sleep(SETTLE_MS);
  await setLimit(stand, 0);
  if (taken > 0) await takeSlots(stand, taken);
  await lovage.submit(n);
  const until = async (what: string, wanted: number): Promise<void> => {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      const { rows } = await stand.db.query<{ n: string }>(`select count(*) as n from ${what}`);
      if (Number(rows[0]!.n) === wanted) return;
      if (performance.now() > deadline) throw new Error(`hand-over: ${rows[0]!.n} of ${wanted} ${what}`);
      await sleep(LOOK_MS);
    }
  };
  await until('outbox where limit_key is not null', n);
  await setLimit(stand, taken + 1);
  await until(`tasks where state = 'SUCCESS'`, n);
  const { rows } = await stand.db.query<{ after: number; ms: number }>(
    `select result::text::float8 as after, extract(epoch from max(finished_at) over () - min(finished_at) over ())::float8 * 1000 as ms
     from tasks where state = 'SUCCESS'`,
  );
  const { p50 } = percentiles(rows.map(({ after }) => after).filter((after) => after > 0));
  return { rate: ((n - 1) * 1000) / rows[0]!.ms, p50 };
}

export const handOver: Measurement = {
  name: 'hand-over',
  about:
    'tasks a second that one slot of a concurrency limit goes through, and ms from the end of one to the next; record full',
  async run(context) {
    const { stand, options, progress } = context;
    const rabbit = new Lovage(stand, { name: 'slot', contract: CONTRACT });
    const embedded = new Lovage(stand, { name: 'slot, embedded', contract: CONTRACT, broker: 'postgres' });
    const plain = new Lovage(stand, { name: 'full', contract: 'bench.add_full' });
    const runs: Record<'one' | 'many' | 'embedded' | 'after' | 'plain', MeasuredRun[]> = {
      ...{ one: [], many: [], embedded: [], after: [], plain: [] },
    };
    const measure = (lovage: Lovage, taken: number) =>
      watched(stand.database, () => handedOver(context, lovage, taken));
    for (let round = 0; round < options.rounds; round += 1) {
      runs.plain.push((await watched(stand.database, () => callLatency(plain, options.seconds))).p50);
      const one = await measure(rabbit, 0);
      runs.one.push(one.rate);
      runs.after.push(one.p50);
      runs.many.push((await measure(rabbit, TAKEN)).rate);
      runs.embedded.push((await measure(embedded, 0)).rate);
      const [rate, many, other] = [runs.one, runs.many, runs.embedded].map((all) => Math.round(all[round]!.value));
      progress(
        `${rate}/s, p50 ${one.p50.value.toFixed(2)} ms (plain ${runs.plain[round]!.value.toFixed(2)}); at a limit of ${TAKEN + 1} ${many}/s; embedded ${other}/s`,
      );
    }
    await embedded.reset();
    await rabbit.reset();
    await stand.db.query('truncate limit_keys, limit_slots, limit_tickets, limit_overrides');
    const of = { measurement: 'hand-over', reference: undefined };
    const rows: ReportRow[] = [
      { ...of, name: 'hand-over of a slot', unit: '/s', runs: runs.one, bar: { of: 'value', atLeast: 200 } },
      {
        ...{ ...of, name: 'hand-over of a slot, p50', unit: 'ms', runs: runs.after },
        reference: { name: 'plain task', runs: runs.plain },
        bar: { of: 'ratio', atMost: 3 },
      },
      {
        ...{ ...of, name: `hand-over at a limit of ${TAKEN + 1}`, unit: '/s', runs: runs.many },
        reference: { name: 'of 1', runs: runs.one },
        bar: { of: 'ratio', atLeast: 0.7 },
      },
      {
        ...of,
        name: 'embedded broker, hand-over',
        unit: '/s',
        runs: runs.embedded,
        bar: { of: 'value', atLeast: 200 },
      },
    ];
    return rows;
  },
};
