import { release, type } from 'node:os';
import { maskUrl } from '@lovage/foundation';
import type { CommandDeps } from './command.ts';

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
    broker: brokerOf(settings.brokerUrl ?? ''),
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

function brokerOf(url: string): unknown {
  const { hostname, port, username, protocol, pathname } = URL.canParse(url) ? new URL(url) : new URL('amqp://unknown');
  const redis = /^(?:redis|sentinel)/.test(protocol);
  const secure = protocol === 'amqps:' || protocol === 'rediss:';
  const usual = redis ? 6379 : secure ? 5671 : 5672;
  return {
    ...{ hostname, userid: decoded(username), virtual_host: decoded(pathname.slice(1)) || (redis ? '0' : '/') },
    ...{ port: port === '' ? usual : Number(port), insist: false },
    ...{ ssl: secure, transport: redis ? 'redis' : 'amqp', connect_timeout: 10, transport_options: {} },
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
export function confOf({ settings: { brokerUrl, worker: settings }, worker, events }: CommandDeps): unknown {
  const { bounds } = worker.steering.autoscaler;
  return {
    ...{ broker_url: maskUrl(brokerUrl ?? ''), task_default_queue: settings.queues[0], worker_pool: settings.pool },
    ...{ worker_concurrency: worker.slots, worker_prefetch_multiplier: settings.prefetchMultiplier ?? 4 },
    ...{ worker_autoscale: bounds ? `${bounds.max},${bounds.min}` : null },
    ...{ prefetch_count: worker.prefetch, worker_send_task_events: events.enabled, task_acks_late: true },
    ...{ task_track_started: true, enable_utc: true, timezone: 'UTC', accept_content: ['json'] },
    ...{ task_serializer: 'json', result_serializer: 'json' },
  };
}

/** What `celery report` shows. */
export function reportOf({ version, settings }: CommandDeps): string {
  const broker = maskUrl(settings.brokerUrl ?? '');
  return `\nsoftware -> lovage:${version} node:${process.versions.node}\nplatform -> system:${type()} release:${release()}\nbroker -> ${broker}\n`;
}
