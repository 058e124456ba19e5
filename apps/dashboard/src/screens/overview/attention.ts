import type { LinkProps } from '@tanstack/react-router';
import type { PlatformDocument, QueueDocument, WorkerDocument } from '@lovage/http-api';
import { formatDuration, plural } from '../../ui/format.ts';

/** Something that a person should look at, in words, and where to look. */
export interface Attention {
  readonly key: string;
  readonly tone: 'danger' | 'warn';
  readonly text: string;
  /** What to do about it. */
  readonly advice: string;
  /** Where to look, and the words of the link that leads there. */
  readonly where: Pick<LinkProps, 'to' | 'params' | 'search'>;
  readonly link: string;
}

/** What is read for it; what is not known yet is undefined. */
export interface AttentionData {
  readonly now: number;
  readonly platform: PlatformDocument | undefined;
  /** Ends before this time are in the history, ISO 8601; null: none is; undefined: not known. */
  readonly countedTo: string | null | undefined;
  readonly queues: readonly QueueDocument[] | undefined;
  readonly workers: readonly WorkerDocument[] | undefined;
  /** Dead ones of the last day. */
  readonly dead: readonly WorkerDocument[] | undefined;
  readonly failing: readonly { readonly contract: string; readonly failed: number; readonly ended: number }[];
}

const SECOND = 1_000;
/** A beat sends what is due within a second. */
const OUTBOX_LATE_S = 10;
/** A beat counts every few seconds; a long transaction of somebody holds it up. */
const HISTORY_LATE_MS = 180 * SECOND;
/** Who died longer ago was seen by somebody. */
const DEAD_FOR_MS = 3_600 * SECOND;
const WAITS_LONG_S = 300;
/** Of fewer ends no share can be told. */
const FAILING_ENDED = 10;
const FAILING_SHARE = 0.2;

const tasks = (q: string): Attention['where'] => ({ to: '/tasks', search: { q } });

/** What needs attention, the worst first. */
export function attentionOf(details: AttentionData): Attention[] {
  return [...ofPlatform(details), ...ofWorkers(details), ...ofQueues(details), ...ofFailures(details)];
}

function* ofPlatform({ platform, countedTo, now }: AttentionData): Generator<Attention> {
  if (!platform) return;
  if (platform.broker !== 'up')
    yield {
      key: 'broker',
      tone: 'danger',
      text:
        platform.broker === 'down'
          ? 'The broker is away.'
          : 'The broker takes no messages: it is out of memory or disk.',
      advice: 'Tasks are accepted and sent when it is back.',
      ...{ where: { to: '/queues' }, link: 'See the queues' },
    };
  const alive = platform.beats.some((beat) => beat.alive);
  const seen = platform.beats[0]?.seenAt;
  if (!alive)
    yield {
      key: 'beat',
      tone: 'danger',
      text:
        seen === undefined
          ? 'No beat runs.'
          : `No beat runs: the last one was here ${formatDuration(now - Date.parse(seen))} ago.`,
      advice: 'Schedules do not fire, retries and delayed tasks are not sent, charts stand still. Start a beat.',
      ...{ where: tasks('state:RETRY,SCHEDULED,PENDING'), link: 'See what waits for it' },
    };
  const late = countedTo ? now - Date.parse(countedTo) : 0;
  if (alive && late > HISTORY_LATE_MS)
    yield {
      key: 'history',
      tone: 'warn',
      text: `The charts end ${formatDuration(late)} ago.`,
      advice: 'Beats count ended tasks again when the oldest transaction in PostgreSQL has ended.',
      ...{ where: { to: '/tasks' }, link: 'See the tasks' },
    };
  if (platform.outbox.lagSeconds > OUTBOX_LATE_S)
    yield {
      key: 'outbox',
      tone: 'danger',
      text: `${plural(platform.outbox.due, 'message')} should have been sent; the first is ${formatDuration(platform.outbox.lagSeconds * SECOND)} late.`,
      advice: 'Either no beat runs, or the broker is away or too slow.',
      ...{ where: tasks('state:PENDING'), link: 'See what waits' },
    };
  if (platform.workers === 0)
    yield {
      key: 'no-worker',
      tone: 'danger',
      text: 'No worker runs.',
      advice: 'Nothing is run until one is started.',
      ...{ where: { to: '/workers' }, link: 'See the workers' },
    };
  const deadLetters = platform.deadLetters.reduce((sum, { n }) => sum + n, 0);
  if (deadLetters > 0)
    yield {
      key: 'dead-letters',
      tone: 'warn',
      text: `${plural(deadLetters, 'message')} could not be run by anybody.`,
      advice: 'Read why, then redrive or delete them.',
      ...{ where: { to: '/dead-letters' }, link: 'See the dead letters' },
    };
}

function* ofWorkers({ workers, dead, now }: AttentionData): Generator<Attention> {
  const names = new Set(workers?.map((one) => one.name));
  for (const one of dead ?? []) {
    const age = now - Date.parse(one.goneAt ?? one.seenAt ?? one.leaseUntil);
    // It came back under its name, or another took its place long ago.
    if (names.has(one.name) || age > DEAD_FOR_MS) continue;
    yield {
      key: `worker ${one.id}`,
      tone: 'warn',
      text: `Worker ${one.name} is thought dead${one.held ? `; it held ${plural(one.held, 'task')}` : ''}.`,
      advice: one.death?.detail ?? 'It no longer renews its lease.',
      ...{ where: { to: '/workers/$worker', params: { worker: one.id } }, link: 'See the worker' },
    };
  }
}

function* ofQueues({ queues, platform }: AttentionData): Generator<Attention> {
  for (const queue of queues ?? []) {
    const waiting = queue.waiting - queue.later;
    if (waiting <= 0) continue;
    const common = { where: { to: '/queues/$name', params: { name: queue.name } }, link: 'See the queue' } as const;
    const waits = `${plural(waiting, 'task')} ${waiting === 1 ? 'waits' : 'wait'}`;
    if (queue.paused)
      yield {
        key: `paused ${queue.name}`,
        tone: 'warn',
        text: `Queue ${queue.name} is paused and ${waits} in it.`,
        advice: queue.paused.reason ? `Reason: ${queue.paused.reason}` : 'Resume it when they may run.',
        ...common,
      };
    else if (queue.workers.length === 0 && !queue.consumers && (platform?.workers ?? 0) > 0)
      yield {
        key: `unserved ${queue.name}`,
        tone: 'danger',
        text: `Queue ${queue.name} has no consumers and ${waits} in it.`,
        advice: `Start a worker with -Q ${queue.name}, or WORKER_QUEUES.`,
        ...common,
      };
    else if ((queue.oldestSeconds ?? 0) > WAITS_LONG_S)
      yield {
        key: `old ${queue.name}`,
        tone: 'warn',
        text: `The oldest task in queue ${queue.name} has waited ${formatDuration((queue.oldestSeconds ?? 0) * SECOND)}; ${waits}.`,
        advice: 'More slots, or more workers, or a limit that holds them back.',
        ...common,
      };
  }
}

function* ofFailures({ failing }: AttentionData): Generator<Attention> {
  for (const { contract, failed, ended } of failing) {
    if (ended < FAILING_ENDED || failed / ended < FAILING_SHARE) continue;
    yield {
      key: `failing ${contract}`,
      tone: 'warn',
      text: `${Math.round((failed / ended) * 100)} % of ${contract} failed: ${failed} of ${plural(ended, 'task')}.`,
      advice: 'Read the errors; they are grouped by what they have in common.',
      ...{ where: tasks(`name:${contract} state:FAILURE,DEAD`), link: 'See the failed tasks' },
    };
  }
}
