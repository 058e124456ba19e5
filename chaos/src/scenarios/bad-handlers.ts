import { bad, BAD_DEEDS, badBatch, badBatchLater, badContracts, type BadDeed } from '../preload/bad-contracts.ts';
import type { Ran, Scenario } from '../run/scenario.ts';
import type { Stage } from '../run/stage.ts';

/** One in so many does something wrong. */
const EVERY = 10;
/** Of those of `async` and of batches so many end their worker: each takes some seconds to come back. */
const EXCEPTIONS = 4;

interface Guilt {
  readonly contract: string;
  readonly deed: BadDeed;
}

const throwsLater = (deed: BadDeed): boolean => deed === 'timer' || deed === 'timerHang';
const isInWorker = (contract: string): boolean => contract === bad.name || contract === badBatchLater.name;

/** What task n does wrong; undefined: nothing. Every deed comes in every pool, in an order that repeats. */
function guiltOf(n: number): Guilt | undefined {
  if (n % EVERY !== EVERY / 2) return undefined;
  const no = Math.floor(n / EVERY);
  const contract = badContracts[Math.floor(no / BAD_DEEDS.length) % badContracts.length]!.name;
  const deed = BAD_DEEDS[no % BAD_DEEDS.length]!;
  // Whole rounds of deeds and pools so far.
  const round = Math.floor(no / (BAD_DEEDS.length * badContracts.length));
  if (!throwsLater(deed)) return { contract, deed };
  const where = contract === badBatch.name ? badBatchLater.name : contract;
  const mayEnd = !isInWorker(where) || round < EXCEPTIONS / 2;
  return mayEnd ? { contract: where, deed } : { contract, deed: 'rejection' };
}

const SUCCEED: ReadonlySet<BadDeed> = new Set(['logs', 'rejection', 'timer']);

export const badHandlers: Scenario = {
  name: 'bad-handlers',
  summary: 'handlers that throw, answer and leave behind what they should not, in every pool, among good ones',
  seconds: 60,
  atLeastSeconds: 20,
  workersMayEnd: true,
  task(n, usual) {
    const guilt = guiltOf(n);
    const { ms } = usual.input as { ms: number };
    if (guilt) return { ...usual, name: guilt.contract, input: { n, ms, deed: guilt.deed } };
    // Good ones run beside them, in each pool.
    const beside = n % 4 === 1 ? badContracts[Math.floor(n / 4) % badContracts.length]!.name : undefined;
    return beside === undefined ? usual : { ...usual, name: beside, input: { n, ms, deed: 'good' } };
  },
  endsWell(n, { state, result, error }) {
    const guilt = guiltOf(n);
    if (!guilt) return state === 'SUCCESS' && result === n;
    if (SUCCEED.has(guilt.deed)) {
      // A timer may fire while others of its batch still run: then it fails with what it threw.
      if (state === 'SUCCESS') return result === n;
      return guilt.deed === 'timer' && state === 'FAILURE' && error?.type === 'RangeError';
    }
    if (state !== 'FAILURE' || !error) return false;
    if (guilt.deed === 'timerHang') return error.type === 'RangeError';
    if (guilt.deed === 'cause') return error.type === 'TypeError';
    return true;
  },
  async disturb(stage) {
    await stage.everySecond(() => Promise.resolve());
    stage.returned('the last of the bad ones was submitted');
  },
  faults: (stage, ran) => innocents(stage, ran),
  proof({ rows, restarts }) {
    const failed = rows.filter(({ state }) => state === 'FAILURE').length;
    const ended = workersEnded(restarts);
    return failed > 0 && ended > 0 ? `${failed} tasks FAILURE; ${ended} ends of workers, after exceptions` : undefined;
  },
};

function workersEnded(restarts: Readonly<Record<string, number>>): number {
  return Object.entries(restarts).reduce((sum, [name, times]) => sum + (name.startsWith('worker') ? times : 0), 0);
}

/** Whom the guilty have harmed, and what the guilty lack. */
async function innocents(stage: Stage, { accepted, runs }: Ran): Promise<string[]> {
  const rows = await stage.query<{ id: string; harmed: boolean; escaped: string | null }>(
    `select t.id, t.suspected > 0 or t.crashes > 0 or t.retries > 0 or t.quarantine_group is not null as harmed, t.escaped->'last'->>'kind' as escaped
     from tasks t where t.queue = $1`,
    [stage.queue],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const counts = { harmed: 0, twice: 0, untold: 0 };
  let exceptions = 0;
  for (const [id, n] of accepted) {
    const guilt = guiltOf(n);
    const row = byId.get(id);
    if (row?.harmed) counts.harmed += 1;
    if (!guilt && (runs.get(id) ?? 0) > 1) counts.twice += 1;
    if (guilt && throwsLater(guilt.deed)) {
      if (isInWorker(guilt.contract)) exceptions += 1;
      if (row?.escaped !== 'exception') counts.untold += 1;
    }
    if (guilt?.deed === 'rejection' && row?.escaped == null) counts.untold += 1;
  }
  const faults: string[] = [];
  if (counts.harmed > 0)
    faults.push(`${counts.harmed} tasks were suspected or lost an attempt, and no process died of any`);
  if (counts.twice > 0) faults.push(`${counts.twice} innocents ran more than once`);
  if (counts.untold > 0) faults.push(`${counts.untold} tasks left errors behind that their documents do not show`);
  const { workers } = stage.fleet;
  const ends = workers.flatMap((worker) => worker.ends);
  if (ends.length > exceptions)
    faults.push(`workers ended ${ends.length} times, and ${exceptions} exceptions asked for it`);
  const others = ends.filter((how) => how !== 'code 5');
  if (others.length > 0) faults.push(`workers ended with ${others.slice(0, 5).join(', ')}, not with code 5`);
  return faults;
}
