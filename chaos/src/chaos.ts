// npm run chaos: what the platform does when things go wrong, measured.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { whenParentEnds } from '@lovage/processes';
import { readOptions, ChaosUsageError, type ChaosOptions } from './cli/options.ts';
import type { ChaosReport, ScenarioReport } from './cli/report.ts';
import { table } from './cli/table.ts';
import { runScenario } from './run/run-scenario.ts';
import type { Scenario } from './run/scenario.ts';
import { allScenarios } from './scenarios/all.ts';
import { PostgresServer } from './servers/postgres-server.ts';
import { ServerMissingError, type BrokerKind, type BrokerServer } from './servers/broker-server.ts';
import { RabbitNode } from './servers/rabbit-node.ts';
import { RedisNode } from './servers/redis-node.ts';

/** Of the process: all bars held, one was missed, it could not be run. */
const EXIT = { passed: 0, missed: 1, usage: 2 } as const;

const START: Record<BrokerKind, (dir: string) => Promise<BrokerServer>> = {
  rabbitmq: (dir) => RabbitNode.start(dir),
  redis: (dir) => RedisNode.start(dir),
};
const brokerOf = ({ broker = 'rabbitmq' }: Scenario): BrokerKind => broker;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const options = readOptions(
    process.argv.slice(2),
    allScenarios.map(({ name }) => name),
  );
  if (options.list) {
    const width = Math.max(...allScenarios.map(({ name }) => name.length));
    for (const { name, summary } of allScenarios) say(`${name.padEnd(width)}  ${summary}`);
    return EXIT.passed;
  }
  const dir = options.keep === undefined ? mkdtempSync(join(tmpdir(), 'lovage-chaos-')) : resolve(options.keep);
  mkdirSync(dir, { recursive: true });
  const report = await runAll(options, dir);
  say(`\n${table(report.scenarios)}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  const passed = report.scenarios.every(({ missed }) => missed.length === 0);
  if (passed && options.keep === undefined) rmSync(dir, { recursive: true, force: true });
  else say(`\nlogs of all processes: ${dir}`);
  return passed ? EXIT.passed : EXIT.missed;
}

async function runAll({ scenarios, tasks }: ChaosOptions, dir: string): Promise<ChaosReport> {
  const date = new Date().toISOString();
  const wanted = allScenarios.filter(({ name }) => scenarios.length === 0 || scenarios.includes(name));
  const brokers = new Map<BrokerKind, BrokerServer>();
  let postgres: PostgresServer | undefined;
  try {
    say('starting the servers, of our own');
    for (const kind of new Set(wanted.map(brokerOf))) brokers.set(kind, await START[kind](join(dir, kind)));
    postgres = await PostgresServer.start(join(dir, 'postgres'));
    const reports: ScenarioReport[] = [];
    for (const scenario of wanted) {
      say(`\n${scenario.name}: ${scenario.summary}`);
      const broker = brokers.get(brokerOf(scenario))!;
      const report = await runScenario(scenario, { tasks, dir: join(dir, scenario.name), broker, postgres });
      for (const note of report.notes) say(`  ${note}`);
      for (const bar of report.missed) say(`  MISSED: ${bar}`);
      say(`  ${report.missed.length === 0 ? 'passed' : 'FAILED'} in ${report.tookSeconds.toFixed(0)} s`);
      reports.push(report);
    }
    return { date, machine: await machine(brokers, postgres), scenarios: reports };
  } finally {
    await postgres?.down();
    for (const broker of brokers.values()) await broker.dispose();
  }
}

async function machine(
  brokers: ReadonlyMap<BrokerKind, BrokerServer>,
  postgres: PostgresServer,
): Promise<ChaosReport['machine']> {
  const versions = [...brokers].map(async ([kind, broker]) => [kind, await broker.version()] as const);
  return {
    cores: availableParallelism(),
    load: loadavg()[0]!,
    node: process.version,
    postgres: await postgres.version(),
    ...Object.fromEntries(await Promise.all(versions)),
  };
}

// npm may be killed without a word to us. The guards of the servers and apps end them with this process.
if (process.env['npm_lifecycle_event'] !== undefined) whenParentEnds(() => process.exit(EXIT.usage));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof ChaosUsageError || error instanceof ServerMissingError;
    process.stderr.write(`chaos: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(EXIT.usage);
  },
);
