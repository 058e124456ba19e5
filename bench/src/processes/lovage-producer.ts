// Submits through libs/client, as an application does:
//   submit CONTRACT N IN_FLIGHT [QUEUE] · prioritised CONTRACT N IN_FLIGHT · latency CONTRACT RATE N ·
//   delayed N RATE DELAY_MS · later N IN_FLIGHT DELAY_MS · keyed plain|key|unique N IN_FLIGHT · fan-out CHILDREN 0|1 (with keys)
import type { SubmitOptions } from '@lovage/client';
import { createLog, openPlatform } from '@lovage/platform';
import { allContracts } from '@lovage/contracts';
import { ContractRegistry } from '@lovage/task';
import { latencies, paced, windowed } from './pacing.ts';
import { addFull, benchContracts, fanOut, late } from './tasks.ts';
import { nowMs, tellResult } from './tell.ts';

const [command, ...args] = process.argv.slice(2);
const log = createLog({ app: 'producer', level: 'warn' });
const platform = await openPlatform({
  databaseUrl: process.env['DATABASE_URL']!,
  brokerUrl: process.env['BROKER_URL'],
  log,
});
await platform.start();
const contracts = new ContractRegistry([...benchContracts, ...allContracts]);
const client = platform.client(contracts);

async function submit(contract: string, n: number, inFlight: number, queue: string | undefined): Promise<unknown> {
  const options = { awaitReply: false, ...(queue === undefined ? {} : { queue }) };
  const start = nowMs();
  await windowed(n, inFlight, (i) => client.submitByName(contract, { x: i, y: 1 }, options));
  return { start, end: nowMs() };
}

async function prioritised(contract: string, n: number, inFlight: number): Promise<unknown> {
  const start = nowMs();
  await windowed(n, inFlight, (i) =>
    client.submitByName(contract, { x: i, y: 1 }, { awaitReply: false, priority: i % 10 }),
  );
  return { start, end: nowMs() };
}

async function keyed(way: string, n: number, inFlight: number): Promise<unknown> {
  const optionsOf: Record<string, (i: number) => SubmitOptions> = {
    plain: () => ({}),
    key: (i) => ({ idempotencyKey: `key ${i}` }),
    unique: () => ({ unique: true }),
  };
  const start = nowMs();
  await windowed(n, inFlight, (i) =>
    client.submit(addFull, { x: i, y: 1 }, { awaitReply: false, ...optionsOf[way]!(i) }),
  );
  return { start, end: nowMs() };
}

async function latency(contract: string, rate: number, n: number): Promise<unknown> {
  const definition = contracts.get(contract);
  const call = async (i: number): Promise<void> => {
    const result = await client.call(definition, { x: i, y: 1 }, { timeout: '30s' });
    if (result !== i + 1) throw new Error(`${i} + 1 gave ${String(result)}`);
  };
  await latencies(rate, rate, call); // A second to warm up.
  return { took: await latencies(n, rate, call) };
}

async function delayed(n: number, rate: number, delayMs: number): Promise<unknown> {
  const start = nowMs();
  await paced(n, rate, () => {
    const due = Date.now() + delayMs;
    return client.submit(late, { due }, { eta: new Date(due), awaitReply: false });
  });
  return { start, end: nowMs() };
}

async function later(n: number, inFlight: number, delayMs: number): Promise<unknown> {
  const start = nowMs();
  const eta = new Date(Date.now() + delayMs);
  await windowed(n, inFlight, () => client.submit(late, { due: eta.getTime() }, { eta, awaitReply: false }));
  return { start, end: nowMs() };
}

const numbers = args.map(Number);
if (command === 'submit') tellResult(await submit(args[0]!, numbers[1]!, numbers[2]!, args[3]));
else if (command === 'prioritised') tellResult(await prioritised(args[0]!, numbers[1]!, numbers[2]!));
else if (command === 'latency') tellResult(await latency(args[0]!, numbers[1]!, numbers[2]!));
else if (command === 'delayed') tellResult(await delayed(numbers[0]!, numbers[1]!, numbers[2]!));
else if (command === 'later') tellResult(await later(numbers[0]!, numbers[1]!, numbers[2]!));
else if (command === 'keyed') tellResult(await keyed(args[0]!, numbers[1]!, numbers[2]!));
else if (command === 'fan-out')
  tellResult({ ms: await client.call(fanOut, { children: numbers[0]!, withKeys: numbers[1] === 1 }) });
else throw new Error(`no such command: ${command}`);
await platform.stop();
process.exit(0);
