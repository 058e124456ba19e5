import { hasCode } from '@lovage/foundation';
import {
  ControlRefusal,
  idsOf,
  numberOf,
  optionalTextOf,
  textOf,
  type Args,
  type Command,
  type CommandDeps,
} from './command.ts';
import { isHere } from './inspect-commands.ts';
import { rateOfText } from './rate-text.ts';

/** Values of Celery stamps in one request. */
const MAX_STAMPS = 1000;
/** Longest time limit, seconds: a timer of Node holds no more. */
const MAX_LIMIT_S = 2_147_483;

/** The commands of `celery control`. What they change is forgotten when the worker ends, but for tasks that were revoked. */
export function controlCommands(deps: CommandDeps): ReadonlyMap<string, Command> {
  const { events, worker } = deps;
  const { steering } = worker;
  const revoke: Command = (args) => revokeTasks(deps, args);
  const grow = async (by: number): Promise<void> => {
    await refusing(() => steering.autoscaler.resize(steering.pool.size + by));
  };
  return new Map<string, Command>([
    ['revoke', revoke],
    ['terminate', (args) => revoke({ ...args, terminate: true })],
    ['revoke_by_stamped_headers', (args) => revokeStamped(deps, args)],
    ['rate_limit', (args) => setRate(deps, args)],
    ['time_limit', (args) => setTimeLimits(deps, args)],
    ['pool_grow', async (args) => (await grow(countOf(args)), { ok: 'pool will grow' })],
    ['pool_shrink', async (args) => (await grow(-countOf(args)), { ok: 'pool will shrink' })],
    ['pool_restart', (args) => restartPool(deps, args)],
    ['autoscale', (args) => autoscale(deps, args)],
    ['add_consumer', (args) => addConsumer(deps, args)],
    ['cancel_consumer', (args) => cancelConsumer(deps, args)],
    ['enable_events', () => ({ ok: `task events ${events.enable() ? '' : 'already '}enabled` })],
    ['disable_events', () => ({ ok: `task events ${events.disable() ? '' : 'already '}disabled` })],
    ['heartbeat', () => void events.heartbeat()],
    ['shutdown', () => stop(deps)],
  ]);
}

/** All workers are asked; to revoke what is revoked already changes nothing. What has no row yet is remembered until it comes. */
async function revokeTasks({ client, node, worker }: CommandDeps, args: Args): Promise<unknown> {
  const ids = idsOf(args['task_id']);
  const terminate = args['terminate'] === true;
  const by = { actor: 'celery', reason: `remote control of ${node}` };
  const unknown: string[] = [];
  for (const id of ids) {
    worker.steering.revokes.tell(id, by);
    const { kind } = await client.revoke(id, { ...by, terminate });
    if (kind === 'unknown') unknown.push(id);
  }
  if (!terminate) return { ok: `tasks ${ids.join(', ')} flagged as revoked` };
  const ended = ids.filter((id) => !unknown.includes(id));
  return { ok: `terminate: ${ended.length > 0 ? ended.join(', ') : 'tasks unknown'}` };
}

/** What is in hand with such a Celery stamp, and what comes with one. */
async function revokeStamped({ client, node, worker }: CommandDeps, args: Args): Promise<unknown> {
  const { headers } = args;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new ControlRefusal('headers: an object of Celery stamps and their values is needed');
  const stamps = new Map(
    Object.entries(headers as Record<string, unknown>).map(([stamp, given]) => {
      const values = Array.isArray(given) ? (given as unknown[]) : [given];
      return [stamp, new Set(values.filter((one) => typeof one === 'string' || typeof one === 'number').map(String))];
    }),
  );
  const pairs = [...stamps].flatMap(([stamp, values]) => [...values].map((value) => [stamp, value] as const));
  if (pairs.length === 0 || pairs.length > MAX_STAMPS)
    throw new ControlRefusal(`headers: 1 to ${MAX_STAMPS} values of Celery stamps are needed`);
  const terminate = args['terminate'] === true;
  const by = { actor: 'celery', reason: `remote control of ${node}, by Celery stamps` };
  for (const [stamp, value] of pairs) worker.steering.revokes.tellStamp(stamp, value, by);
  const found = worker.steering.stamped(stamps).filter(isHere);
  for (const { id } of found) await client.revoke(id, { ...by, terminate });
  const told = JSON.stringify(headers);
  if (!terminate) return { ok: `headers ${told} flagged as revoked, but not terminated` };
  return { ok: `headers ${told} flagged as revoked; terminated: ${found.map(({ id }) => id).join(', ') || 'none'}` };
}

async function setRate({ worker }: CommandDeps, args: Args): Promise<unknown> {
  const name = textOf(args, 'task_name');
  const given = args['rate_limit'];
  const rate = rateOfText(given);
  if (rate === undefined) throw new ControlRefusal(`Invalid rate limit string: ValueError(${JSON.stringify(given)})`);
  await refusing(() => worker.steering.setRate(name, rate));
  return { ok: rate > 0 ? 'new rate limit set successfully' : 'rate limit disabled successfully' };
}

async function setTimeLimits({ worker }: CommandDeps, args: Args): Promise<unknown> {
  const name = textOf(args, 'task_name');
  const [hard, soft] = [limitMsOf(args, 'hard'), limitMsOf(args, 'soft')];
  await refusing(() => worker.steering.setTimeLimits(name, { hardMs: hard, softMs: soft }));
  return { ok: 'time limits set successfully' };
}

function limitMsOf(args: Args, name: string): number | undefined {
  const seconds = numberOf(args, name);
  // Celery's 0 is no limit of its own.
  if (seconds === undefined || seconds === 0) return undefined;
  if (seconds < 0 || seconds > MAX_LIMIT_S) throw new ControlRefusal(`${name}: seconds from 0 to ${MAX_LIMIT_S}`);
  return seconds * 1000;
}

function countOf(args: Args): number {
  const n = numberOf(args, 'n') ?? 1;
  if (!Number.isInteger(n) || n < 1 || n > 10_000) throw new ControlRefusal('n: a whole number from 1 to 10000');
  return n;
}

function restartPool({ worker }: CommandDeps, args: Args): unknown {
  const { modules, reload } = args;
  if (reload === true || (Array.isArray(modules) && modules.length > 0))
    throw new ControlRefusal('this worker reloads no modules: restart it');
  if (!worker.steering.pool.restart())
    throw new ControlRefusal('this worker has no children to restart: it runs its tasks itself');
  return { ok: 'pool restart started' };
}

async function autoscale({ worker }: CommandDeps, args: Args): Promise<unknown> {
  const { pool, autoscaler } = worker.steering;
  const max = numberOf(args, 'max') ?? autoscaler.bounds?.max ?? pool.size;
  const min = numberOf(args, 'min') ?? Math.min(max, autoscaler.bounds?.min ?? 1);
  await refusing(() => autoscaler.set({ max, min }));
  return { ok: `autoscale now max=${max} min=${min}` };
}

async function addConsumer({ worker }: CommandDeps, args: Args): Promise<unknown> {
  const queue = textOf(args, 'queue');
  const exchange = optionalTextOf(args, 'exchange') ?? queue;
  const routingKey = optionalTextOf(args, 'routing_key') ?? queue;
  const type = optionalTextOf(args, 'exchange_type') ?? 'direct';
  // By the default exchange a queue is reached under its own name.
  const plain = exchange === queue && routingKey === queue && type === 'direct';
  const binding = plain ? undefined : { exchange, type, routingKey };
  const added = await refusing(() => worker.steering.addQueue(queue, { celery: true, ...(binding && { binding }) }));
  return { ok: added ? `add consumer ${queue}` : `already consuming from ${queue}` };
}

async function cancelConsumer({ worker }: CommandDeps, args: Args): Promise<unknown> {
  const queue = textOf(args, 'queue');
  await worker.steering.removeQueue(queue);
  return { ok: `no longer consuming from ${queue}` };
}

function stop({ shutdown }: CommandDeps): unknown {
  if (!shutdown) throw new ControlRefusal('this worker is not stopped by the remote control');
  shutdown();
  return { ok: 'shutting down' };
}

/** What is wrong with the request is its answer; anything else is told to the log, too. */
async function refusing<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof RangeError || hasCode(error, 'task_not_served') || hasCode(error, 'invalid_queue_name'))
      throw new ControlRefusal((error as Error).message);
    throw error;
  }
}
