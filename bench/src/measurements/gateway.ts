import { fileURLToPath } from 'node:url';
import { postUnderLoad } from '../measure/http-load.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { processFile, startNode } from '../stand/child.ts';
import { freePort } from '../stand/free-port.ts';
import type { Stand } from '../stand/stand.ts';
import { Ideal } from '../systems/ideal.ts';
import { Lovage } from '../systems/lovage.ts';
import type { Measurement } from './measurement.ts';

const CONNECTIONS = 50;
const BODY = JSON.stringify({ input: { x: 1, y: 2 } });
const ADMIN = { email: 'bench@example.org', password: 'only-for-this-run' };

interface Target {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function load(stand: Stand, target: Target, seconds: number): Promise<Record<'rate' | 'p99', MeasuredRun>> {
  const load = { ...target, body: BODY, connections: CONNECTIONS };
  await postUnderLoad({ ...load, seconds: Math.min(2, seconds) });
  return watched(stand.database, () => postUnderLoad({ ...load, seconds }));
}

async function referenceRun(stand: Stand, seconds: number): Promise<Record<'rate' | 'p99', MeasuredRun>> {
  await new Ideal(stand).reset();
  const port = String(await freePort());
  const env = { DATABASE_URL: stand.databaseUrl, BROKER_URL: stand.amqpUrl, PORT: port, NODE_ENV: 'production' };
  await using _server = await startNode(processFile('gateway-reference'), [], env, /^READY/);
  return await load(stand, { origin: `http://127.0.0.1:${port}`, path: '/tasks', headers: {} }, seconds);
}

async function gatewayRun(stand: Stand, lovage: Lovage, seconds: number): Promise<Record<'rate' | 'p99', MeasuredRun>> {
  await lovage.reset();
  await stand.deleteQueue('default');
  const port = String(await freePort());
  const env = {
    ...lovage.env(),
    LOG_LEVEL: 'info',
    PORT: port,
    JWT_SECRET: 'nothing that anybody else would take',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  };
  const main = fileURLToPath(import.meta.resolve('@lovage/gateway'));
  await using _gateway = await startNode(main, [], env, /ready/);
  const origin = `http://127.0.0.1:${port}`;
  const login = await fetch(`${origin}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}` };
  return await load(stand, { origin, path: '/api/tasks/math.add', headers }, seconds);
}

export const gateway: Measurement = {
  name: 'gateway',
  about: `POST to 202, ${CONNECTIONS} connections, beside a bare Fastify that stores and publishes`,
  async run({ stand, options, progress }) {
    const lovage = new Lovage(stand, { name: 'gateway', contract: 'math.add' });
    const ours: Record<'rate' | 'p99', MeasuredRun>[] = [];
    const theirs: typeof ours = [];
    for (let round = 0; round < options.rounds; round += 1) {
      theirs.push(await referenceRun(stand, options.seconds));
      ours.push(await gatewayRun(stand, lovage, options.seconds));
      progress(`${Math.round(ours[round]!.rate.value)}/s, bare Fastify ${Math.round(theirs[round]!.rate.value)}/s`);
    }
    await stand.deleteQueue('default');
    await lovage.reset();
    await new Ideal(stand).reset();
    const row = (name: string, unit: string, figure: 'rate' | 'p99') => ({
      measurement: 'gateway',
      name,
      unit,
      runs: ours.map((run) => run[figure]),
      reference: { name: 'bare Fastify', runs: theirs.map((run) => run[figure]) },
    });
    return [
      { ...row(`POST to 202, ${CONNECTIONS} connections`, '/s', 'rate'), bar: { of: 'ratio', atLeast: 0.6 } },
      { ...row(`POST to 202, ${CONNECTIONS} connections, p99`, 'ms', 'p99'), bar: undefined },
    ];
  },
};
