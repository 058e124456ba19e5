import pg from 'pg';
import type { SubmitByNameBody } from '@lovage/http-api';
import type { ScenarioReport } from '../cli/report.ts';
import { READ_ENDINGS, WATCH_ENDINGS, type CountedEnding } from '../count/endings.ts';
import { recoveryOf } from '../count/recovery.ts';
import { readRuns } from '../count/run-log.ts';
import { countTasks, type EndRow } from '../count/task-counts.ts';
import { Load } from '../load/load.ts';
import { LoadClient } from '../load/rest.ts';
import { Fleet, runsIn } from '../platform/fleet.ts';
import type { BrokerServer } from '../servers/broker-server.ts';
import type { PostgresServer } from '../servers/postgres-server.ts';
import { judge } from './judge.ts';
import { DEAD_LETTERS, remains, unacked } from './remains.ts';
import type { Scenario, Seen } from './scenario.ts';
import { readRows, settle } from './settle.ts';
import { Stage } from './stage.ts';

/** What the pace of a scenario is stated for. */
const FULL_TASKS = 20_000;
const WORKERS = 3;
const BEATS = 2;
const CONCURRENCY = 20;
/** Handlers that run at the same moment, on average: what a killed worker leaves in the middle. */
const IN_FLIGHT = 15;
/** So long after the last progress what has not ended is lost. Longer than any time that the platform gives itself. */
const SETTLE_PATIENCE_MS = 90_000;

export interface RunOptions {
  readonly tasks: number;
  /** Folder of this scenario. */
  readonly dir: string;
  readonly broker: BrokerServer;
  readonly postgres: PostgresServer;
}

/** One scenario, from starting the processes to the bars. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioReport> {
  const { tasks, dir, broker, postgres } = options;
  const began = performance.now();
  const queue = `chaos.${scenario.name}`;
  const seconds = Math.max(scenario.atLeastSeconds, (scenario.seconds * tasks) / FULL_TASKS);
  const databaseUrl = await postgres.create(`chaos_${scenario.name}`);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  // PostgreSQL may be stopped under an idle connection.
  pool.on('error', () => undefined);
  let fleet: Fleet | undefined;
  try {
    const deadLetters = await broker.ready(DEAD_LETTERS);
    await pool.query(WATCH_ENDINGS);
    fleet = await Fleet.start({
      ...{ dir, databaseUrl, brokerUrl: broker.url, queue, beats: BEATS, concurrency: CONCURRENCY },
      workers: scenario.workers ?? WORKERS,
      gateways: scenario.gateways ?? 1,
      ...(scenario.env ? { env: (kind, no) => scenario.env!(kind, no) } : {}),
    });
    const rest = new LoadClient(fleet.urls, fleet.admin);
    const usual = usualTask({ queue, seconds, tasks });
    const load = new Load({
      tasks,
      seconds,
      task: (n) => scenario.task?.(n, usual(n), n / tasks) ?? usual(n),
      submit: (batch) => rest.submit(batch),
    });
    const stage = new Stage({ fleet, load, broker, postgres, queue, pool });
    const outcomes = await Promise.allSettled([
      load.run(),
      load
        .reached(0.02)
        .then(() => scenario.disturb(stage))
        .finally(() => load.release()),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') stage.note(`trouble: ${String(outcome.reason)}`);
    await settle(stage, SETTLE_PATIENCE_MS);

    const rows = await readRows(stage);
    const endings = await stage.query<CountedEnding & { id: string }>(READ_ENDINGS, [queue]);
    const runs = readRuns(runsIn(dir));
    const counted = countTasks({
      ...{ accepted: load.accepted, rows, endings, runs },
      endsWell: (n, row) => scenario.endsWell?.(n, row) ?? usualEnd(n, row),
    });
    const left = [...(await remains(stage, { deadLetters })), ...((await scenario.remains?.(stage)) ?? [])];
    left.push(...((await scenario.faults?.(stage, { accepted: load.accepted, runs })) ?? []));
    const seen: Seen = {
      attempts: await attemptsOf(stage),
      runTwice: counted.runTwice,
      rows,
      passedOn: await passedOn(stage),
      restarts: Object.fromEntries(fleet.all.map((app) => [app.name, app.restarts])),
    };
    left.push(...(await fleet.stop(fleet.workers)), ...(await unacked(stage)));
    left.push(...(await fleet.stop([...fleet.beats, ...fleet.gateways])));
    const proof = scenario.proof(seen, stage);
    if (proof !== undefined) stage.note(proof);
    const recovery = recoveryOf(stage.returns, endings);
    const noneMayEnd = scenario.workersMayEnd ? [...fleet.gateways, ...fleet.beats] : fleet.all;
    const missed = judge({
      ...{ wanted: tasks, counts: counted, recovery, returns: stage.returns.length, remains: left, proof },
      ended: noneMayEnd.filter((app) => app.endedByItself).map(({ name }) => name),
    });
    if (outcomes.some((outcome) => outcome.status === 'rejected'))
      missed.push('the scenario itself failed, see its notes');
    if (load.lastTrouble !== undefined) stage.note(`last trouble of a submit: ${load.lastTrouble.slice(0, 200)}`);
    return {
      name: scenario.name,
      tasks: counted.accepted,
      lost: counted.lost.length,
      recordedTwice: counted.recordedTwice.length,
      runTwice: counted.runTwice,
      recoveryMs: recovery.firstMs,
      allMs: recovery.allMs,
      tookSeconds: (performance.now() - began) / 1000,
      unanswered: load.unanswered,
      refused: load.refused,
      notes: stage.notes,
      missed,
    };
  } finally {
    await fleet?.stop();
    await pool.end();
  }
}

/** `chaos.step`, as long as it takes for some to be in the middle at every moment. */
function usualTask(of: { queue: string; seconds: number; tasks: number }): (n: number) => SubmitByNameBody {
  const mean = (IN_FLIGHT * of.seconds * 1000) / of.tasks;
  // From half to one and a half of the mean, in a pattern that repeats.
  return (n) => ({
    name: 'chaos.step',
    input: { n, ms: Math.round(Math.min(1000, mean) * (0.5 + (n % 11) / 10)) },
    options: { queue: of.queue },
  });
}

function usualEnd(n: number, row: EndRow): boolean {
  return row.state === 'SUCCESS' && row.result === n;
}

async function attemptsOf(stage: Stage): Promise<Record<string, number>> {
  const found = await stage.query<{ outcome: string; n: number }>(
    'select outcome, count(*)::int as n from attempts group by outcome',
  );
  return Object.fromEntries(found.map(({ outcome, n }) => [outcome, n]));
}

async function passedOn(stage: Stage): Promise<Record<string, number>> {
  const found = await stage.query<{ reason: string; n: number }>(
    "select passed_on->>'reason' as reason, count(*)::int as n from tasks where passed_on is not null group by 1 order by 1",
  );
  return Object.fromEntries(found.map(({ reason, n }) => [reason, n]));
}
