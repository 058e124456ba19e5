// npm run scaling: workers started and stopped by an autoscaler of deploy/k8s, with everything real but the cluster.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PostgresServer } from '../servers/postgres-server.ts';
import type { BrokerServer } from '../servers/broker-server.ts';
import { RabbitNode } from '../servers/rabbit-node.ts';
import { RedisNode } from '../servers/redis-node.ts';
import type { Look } from './autoscaling.ts';
import { AUTOSCALERS, type AutoscalerName } from './manifests.ts';
import { missedBars, runScaling } from './scaling-run.ts';

const USAGE =
  'usage: npm run scaling -- [--autoscaler hpa|keda|keda-rabbitmq] [--broker rabbitmq|redis|postgres] [--tasks N] [--task-ms N] [--busy] [--most N] [--speed N] [--keep FOLDER]';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      autoscaler: { type: 'string', default: 'keda' },
      broker: { type: 'string', default: 'rabbitmq' },
      tasks: { type: 'string', default: '20000' },
      'task-ms': { type: 'string', default: '200' },
      busy: { type: 'boolean', default: false },
      most: { type: 'string', default: '4' },
      speed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  });
  const number = (name: 'tasks' | 'task-ms' | 'most' | 'speed'): number => {
    const value = Number(values[name]);
    if (!(value >= 1 && value <= 1_000_000)) throw new Error(`--${name} is a number from 1\n${USAGE}`);
    return value;
  };
  const autoscaler = values.autoscaler as AutoscalerName;
  if (!AUTOSCALERS.includes(autoscaler)) throw new Error(`--autoscaler is one of ${AUTOSCALERS.join(', ')}\n${USAGE}`);
  const dir = values.keep === undefined ? mkdtempSync(join(tmpdir(), 'lovage-scaling-')) : resolve(values.keep);
  const tasks = number('tasks');
  say(`starting the broker ${values.broker} and PostgreSQL, of our own`);
  const broker = await startBroker(values.broker, join(dir, 'broker'));
  try {
    const postgres = await PostgresServer.start(join(dir, 'postgres'));
    try {
      const report = await runScaling({
        ...{ autoscaler, tasks, taskMs: number('task-ms'), busy: values.busy, most: number('most') },
        ...{ speed: number('speed'), dir: join(dir, 'apps'), databaseUrl: await postgres.create('scaling') },
        ...{ brokerUrl: broker?.url, managementUrl: broker?.managementUrl, onLook },
      });
      for (const [name, value] of Object.entries(report)) say(`${name.padEnd(20)} ${shown(value)}`);
      const missed = missedBars(report, tasks);
      for (const bar of missed) say(`MISSED: ${bar}`);
      say(missed.length === 0 ? 'passed' : `FAILED; logs of all processes: ${dir}`);
      if (missed.length === 0 && values.keep === undefined) rmSync(dir, { recursive: true, force: true });
      return missed.length === 0 ? 0 : 1;
    } finally {
      await postgres.down();
    }
  } finally {
    await broker?.dispose();
  }
}

/** Undefined: the embedded one, which is in the database. */
async function startBroker(
  name: string,
  dir: string,
): Promise<(BrokerServer & { readonly managementUrl?: string | undefined }) | undefined> {
  if (name === 'rabbitmq') return RabbitNode.start(dir, { management: true });
  if (name === 'redis') return RedisNode.start(dir);
  if (name === 'postgres') return undefined;
  throw new Error(`--broker is one of rabbitmq, redis, postgres\n${USAGE}`);
}

function onLook({ at, by, values, from, ready, to }: Look): void {
  const told = Object.entries(values).map(([name, value]) => `${name} ${shown(value)}`);
  const change = from === to ? `${from}` : `${from} -> ${to}`;
  say(`${at.toFixed(0).padStart(5)} s  ${by.padEnd(4)}  ${change.padEnd(8)} (${ready} ready)  ${told.join(', ')}`);
}

function shown(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(2);
  if (value instanceof Map) return value.size === 0 ? '-' : JSON.stringify([...value]);
  return Array.isArray(value) ? value.map(shown).join(' ') || '-' : '?';
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`scaling: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);
