import type { LiveEvents, LiveTopic } from '@lovage/http-api';
import { parseJson } from '../json.ts';
import { queryString, type QueryValues } from '../send.ts';
import { follow, type FollowStatus } from './follow.ts';

type Handlers = { readonly [T in LiveTopic]?: (data: LiveEvents[T]) => void };

export interface LiveNeed {
  readonly on: Handlers;
  /** Filters of `GET /api/tasks`, for `tasks`; of several needs with one the last is served. */
  readonly filter?: QueryValues;
  /** Tasks of this filter that are told of however old they are, `MAX_WATCHED_TASKS` at most. */
  readonly watch?: readonly string[];
}

/** The stream broke, or could not be opened. */
export interface LostConnection {
  /** As a sentence without its end: "The gateway does not answer". */
  readonly reason: string;
  /** When the stream told the last, ms since 1970; undefined: it never did. */
  readonly heardAt: number | undefined;
  /** When the next try is, ms since 1970; undefined: it is now. */
  readonly nextTry: number | undefined;
}

/** A stream that is opened again for other needs is not called so before, ms. */
const CONNECTING_AFTER_MS = 1_000;
/** Needs that come and go in one change of a screen make one stream, ms. */
const SETTLE_MS = 50;

/** The one stream of this page: what its screens need at the moment. A browser opens few connections to one server. */
export class LiveStream {
  private readonly needs = new Set<LiveNeed>();
  private readonly listeners = new Set<() => void>();
  private current: FollowStatus = { kind: 'idle' };
  private lostNow: LostConnection | undefined;
  private heardAt: number | undefined;
  private stop: (() => void) | undefined;
  private asked = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private connecting: ReturnType<typeof setTimeout> | undefined;
  private latest: { [T in LiveTopic]?: LiveEvents[T] } = {};

  get status(): FollowStatus {
    return this.current;
  }

  /** From the first failure until the stream is open again. */
  get lost(): LostConnection | undefined {
    return this.lostNow;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Serves a need until the function that it gives is called. */
  need(need: LiveNeed): () => void {
    this.needs.add(need);
    // What others were told already; of tasks and workers the stream tells changes, so those begin anew.
    for (const topic of ['counts', 'throughput', 'queues', 'platform'] as const)
      this.tell(need, topic, this.latest[topic]);
    this.settle();
    return () => {
      this.needs.delete(need);
      this.settle();
    };
  }

  private settle(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), SETTLE_MS);
  }

  private open(): void {
    const topics = [...new Set([...this.needs].flatMap((need) => Object.keys(need.on)))].sort();
    const tasks = topics.includes('tasks') ? [...this.needs].findLast((need) => need.filter) : undefined;
    const query = topics.length === 0 ? undefined : { ...tasks?.filter, watch: tasks?.watch, topics: topics.join(',') };
    const asked = query ? queryString(query) : '';
    if (asked === this.asked) return;
    this.asked = asked;
    this.stop?.();
    this.stop = undefined;
    this.latest = {};
    if (!query) return this.become({ kind: 'idle' });
    this.stop = follow({
      path: '/api/live',
      query,
      onStatus: (status) => this.become(status),
      onEvent: ({ event, data }) => this.receive(event as LiveTopic, data),
    });
  }

  private receive<T extends LiveTopic>(topic: T, text: string): void {
    const data = parseJson(text) as LiveEvents[T];
    this.heardAt = Date.now();
    this.latest[topic] = data as (typeof this.latest)[T];
    for (const need of this.needs) this.tell(need, topic, data);
  }

  private tell<T extends LiveTopic>(need: LiveNeed, topic: T, data: LiveEvents[T] | undefined): void {
    if (data !== undefined) need.on[topic]?.(data);
  }

  private become(status: FollowStatus): void {
    clearTimeout(this.connecting);
    if (status.kind === 'connecting' && this.current.kind === 'live') {
      // Mostly it is open again at once, and a badge that flickers tells nothing.
      this.connecting = setTimeout(() => this.show(status), CONNECTING_AFTER_MS);
    } else this.show(status);
  }

  private show(status: FollowStatus): void {
    this.current = status;
    this.lostNow = this.lostBy(status);
    for (const listener of this.listeners) listener();
  }

  private lostBy(status: FollowStatus): LostConnection | undefined {
    if (status.kind === 'connecting') return this.lostNow && { ...this.lostNow, nextTry: undefined };
    // A stream that the server ended in order is opened again within a second: nothing is lost.
    if (status.kind !== 'waiting' || status.failure === undefined) return undefined;
    return { reason: status.failure, heardAt: this.heardAt, nextTry: status.until };
  }
}

export const liveStream = new LiveStream();
