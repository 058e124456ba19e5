import { release, type } from 'node:os';
import { maskUrl } from '@lovage/foundation';
import type { CommandDeps } from './command.ts';

/** What the scheme of a URL tells. */
const TRANSPORTS: Readonly<Record<string, { readonly transport: string; readonly port: number } | undefined>> = {
  ...{ 'amqp:': { transport: 'amqp', port: 5672 }, 'amqps:': { transport: 'amqp', port: 5671 } },
  ...{ 'redis:': { transport: 'redis', port: 6379 }, 'rediss:': { transport: 'redis', port: 6379 } },
  ...{ 'sentinel:': { transport: 'redis', port: 26_379 } },
  ...{ 'postgres:': { transport: 'postgres', port: 5432 }, 'postgresql:': { transport: 'postgres', port: 5432 } },
};

/** What `inspect stats` answers. */
export function statsOf({ worker, clock, totals, settings }: CommandDeps): unknown {
  const usage = process.resourceUsage();
  const { pool, autoscaler } = worker.steering;
  const { bounds } = autoscaler;
  return {
    total: Object.fromEntries(totals),
    pid: process.pid,
    clock: String(clock.next()),
    uptime: Math.floor(process.uptime()),
    pool: {
      ...{ 'max-concurrency': worker.slots, processes: pool.pids },
      ...{ 'max-tasks-per-child': settings.worker.children.maxTasks ?? 'N/A', 'put-guarded-by-semaphore': false },
      ...{ timeouts: [0, 0], writes: {} },
    },
    ...(bounds && { autoscaler: { ...bounds, current: pool.size, qty: pool.demand } }),
    broker: brokerOf(settings),
    prefetch_count: worker.prefetch,
    rusage: {
      ...{ utime: usage.userCPUTime / 1e6, stime: usage.systemCPUTime / 1e6, maxrss: usage.maxRSS },
      ...{ ixrss: usage.sharedMemorySize, idrss: usage.unsharedDataSize, isrss: usage.unsharedStackSize },
      ...{ minflt: usage.minorPageFault, majflt: usage.majorPageFault, nswap: usage.swappedOut },
      ...{ inblock: usage.fsRead, oublock: usage.fsWrite, msgsnd: usage.ipcSent, msgrcv: usage.ipcReceived },
      ...{ nsignals: usage.signalsCount, nvcsw: usage.voluntaryContextSwitches },
      nivcsw: usage.involuntaryContextSwitches,
    },
  };
}

function brokerOf({ brokerUrl, databaseUrl }: CommandDeps['settings']): unknown {
  // Without one the queues are in the database.
  const given = brokerUrl ?? databaseUrl ?? '';
  const { hostname, port, username, protocol, pathname } = new URL(URL.canParse(given) ? given : 'amqp://unknown');
  const { transport, port: usual } = TRANSPORTS[protocol] ?? TRANSPORTS['amqp:']!;
  const nowhere = transport === 'redis' ? '0' : '/';
  return {
    ...{ hostname, userid: decoded(username), virtual_host: decoded(pathname.slice(1)) || nowhere },
    ...{ port: port === '' ? usual : Number(port), insist: false },
    ...{ ssl: protocol === 'amqps:' || protocol === 'rediss:', transport, connect_timeout: 10, transport_options: {} },
    ...{ login_method: 'PLAIN', uri_prefix: null, heartbeat: 10, failover_strategy: 'round-robin', alternates: [] },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One queue as `inspect active_queues` answers it. */
export function queueInfo(name: string): unknown {
  const exchange = {
    ...{ name, type: 'direct', arguments: null, durable: true, passive: false, auto_delete: false },
    ...{ delivery_mode: null, no_declare: false },
  };
  return {
    ...{ name, exchange, routing_key: name, queue_arguments: null, binding_arguments: null },
    ...{ consumer_arguments: null, durable: true, exclusive: false, auto_delete: false, no_ack: false },
    ...{ alias: null, bindings: [], no_declare: null, expires: null, message_ttl: null, max_length: null },
    ...{ max_length_bytes: null, max_priority: null },
  };
}

/** Settings in Celery's words, without what is secret. */
export function confOf({
  settings: { brokerUrl, databaseUrl, worker: settings },
  worker,
  events,
}: CommandDeps): unknown {
  const { bounds } = worker.steering.autoscaler;
  return {
    ...{
      broker_url: maskUrl(brokerUrl ?? databaseUrl ?? ''),
      task_default_queue: settings.queues[0],
      worker_pool: settings.pool,
    },
    ...{ worker_concurrency: worker.slots, worker_prefetch_multiplier: settings.prefetchMultiplier ?? 4 },
    ...{ worker_autoscale: bounds ? `${bounds.max},${bounds.min}` : null },
    ...{ prefetch_count: worker.prefetch, worker_send_task_events: events.enabled, task_acks_late: true },
    ...{ task_track_started: true, enable_utc: true, timezone: 'UTC', accept_content: ['json'] },
    ...{ task_serializer: 'json', result_serializer: 'json' },
  };
}

/** What `celery report` shows. */
export function reportOf({ version, settings }: CommandDeps): string {
  const broker = maskUrl(settings.brokerUrl ?? settings.databaseUrl ?? '');
  return `\nsoftware -> lovage:${version} node:${process.versions.node}\nplatform -> system:${type()} release:${release()}\nbroker -> ${broker}\n`;
}
