import { pythonRepr } from '@lovage/celery';
import type { HeldTask } from '@lovage/runtime';
import type { AnyContract } from '@lovage/task';
import { idsOf, numberOf, type Args, type Command, type CommandDeps } from './command.ts';
import { MemorySamples } from './memory-samples.ts';
import { revokedOf, takeRevoked } from './mingle.ts';
import { textOfRate } from './rate-text.ts';
import type { ScheduledTask } from './scheduled-tasks.ts';
import { confOf, queueInfo, reportOf, statsOf } from './stats.ts';
import { taskInfo } from './task-info.ts';

/** Tasks of one answer. */
const MAX_TASKS = 400;
/** Ids of revoked tasks of one answer. */
const MAX_REVOKED = 20_000;
/** What is told of a registered task unless other items are asked for. */
const REGISTERED_ITEMS = ['exchange', 'routing_key', 'rate_limit'];

/** The commands of `celery inspect`: they change nothing. Those with an older name answer to both. */
export function inspectCommands(deps: CommandDeps): ReadonlyMap<string, Command> {
  const { node, worker, clock } = deps;
  const memory = new MemorySamples();
  const infos = (running: boolean, { safe }: Args) =>
    worker
      .tasks()
      .filter((task) => (task.state === 'running') === running && isHere(task))
      .slice(0, MAX_TASKS)
      .map((task) => taskInfo(task, node, safe === true));
  const active: Command = (args) => infos(true, args);
  const reserved: Command = (args) => infos(false, args);
  const scheduled: Command = async () =>
    (await deps.scheduled([...worker.queues.keys()], MAX_TASKS)).map((task) => scheduledInfo(task, node));
  const registered: Command = ({ taskinfoitems }) =>
    deps.contracts.map((contract) => registeredText(deps, contract, itemsOf(taskinfoitems))).sort();
  const conf: Command = () => confOf(deps);
  const revoked: Command = () => worker.steering.revokes.ids.slice(-MAX_REVOKED);
  return new Map<string, Command>([
    ['ping', () => ({ ok: 'pong' })],
    ['active', active],
    ['dump_active', active],
    ['reserved', reserved],
    ['dump_reserved', reserved],
    ['scheduled', scheduled],
    ['dump_schedule', scheduled],
    ['revoked', revoked],
    ['dump_revoked', revoked],
    ['registered', registered],
    ['dump_tasks', registered],
    ['stats', () => statsOf(deps)],
    ['active_queues', () => [...worker.queues.keys()].map(queueInfo)],
    ['conf', conf],
    ['dump_conf', conf],
    ['query_task', ({ ids }) => queryTasks(deps, idsOf(ids))],
    ['clock', () => ({ clock: clock.next() })],
    ['report', () => ({ ok: reportOf(deps) })],
    ['hello', (args) => hello(deps, args)],
    ['memsample', () => memory.take()],
    ['memdump', (args) => memory.dump(numberOf(args, 'samples') ?? 10)],
  ]);
}

/** Not those that this worker is passing on or postponing. */
export const isHere = ({ state }: Pick<HeldTask, 'state'>): boolean => state !== 'leaving' && state !== 'left';

function queryTasks({ worker, node }: CommandDeps, ids: readonly string[]): Readonly<Record<string, unknown>> {
  const wanted = new Set(ids);
  const found = worker.tasks().filter((held) => wanted.has(held.task.id) && isHere(held));
  return Object.fromEntries(
    found
      .slice(0, MAX_TASKS)
      .map((held) => [
        held.task.id,
        [held.state === 'running' ? 'active' : 'reserved', taskInfo(held, node, false)] as const,
      ]),
  );
}

/** Another node begins, and wants to know which ids are revoked; it tells of those that it knows itself. */
function hello({ node, worker, clock }: CommandDeps, { from_node: from, revoked }: Args): unknown {
  if (from === node) return undefined;
  const { revokes } = worker.steering;
  takeRevoked(revokes, revoked, textOfNode(from));
  return { revoked: revokedOf(revokes), clock: clock.next() };
}

const textOfNode = (from: unknown): string => (typeof from === 'string' ? from.slice(0, 255) : 'another node');

function scheduledInfo({ id, name, queue, input, priority, eta }: ScheduledTask, node: string): unknown {
  return {
    eta: new Date(eta).toISOString().replace('Z', '000+00:00'),
    priority,
    request: {
      ...{ id, name, type: name, hostname: node, args: [], kwargs: argumentsOf(input), time_start: null },
      ...{ acknowledged: true, worker_pid: null },
      delivery_info: { exchange: '', routing_key: queue, priority, redelivered: false },
    },
  };
}

/** A large one as text, of which the beginning is shown. */
function argumentsOf(input: unknown): unknown {
  const json = JSON.stringify(input) ?? 'null';
  return json.length > 8192 ? pythonRepr(input) : input;
}

function itemsOf(given: unknown): readonly string[] {
  const items = Array.isArray(given) ? given.filter((item) => typeof item === 'string') : [];
  return items.length > 0 ? items.slice(0, 50) : REGISTERED_ITEMS;
}

/** `name [rate_limit=10/m queue=mail]`: of the items those that this contract has. */
function registeredText({ worker }: CommandDeps, { name, options }: AnyContract, items: readonly string[]): string {
  const { steering } = worker;
  const rate = steering.rateOf(name);
  const given = steering.timeLimitsOf(name);
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
  const known: Readonly<Record<string, string | number | boolean | undefined>> = {
    ...{ name, queue: options.queue, priority: options.priority },
    ...{ rate_limit: rate === undefined ? undefined : textOfRate(rate), acks_late: options.ack === 'late' },
    time_limit: seconds(given?.hardMs ?? options.timeLimitMs),
    soft_time_limit: seconds(given?.softMs ?? options.softTimeLimitMs),
    max_retries: options.retry.maxAttempts - 1,
    ...{ ignore_result: options.record === 'none', track_started: true },
  };
  const told = items.flatMap((item) => (known[item] === undefined ? [] : [`${item}=${pythonText(known[item])}`]));
  return told.length > 0 ? `${name} [${told.join(' ')}]` : name;
}

const pythonText = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
