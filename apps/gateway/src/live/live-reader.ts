import { Inject, Injectable } from '@nestjs/common';
import { toError } from '@lovage/foundation';
import { StoreUnavailableError, type Clock, type Log } from '@lovage/ports';
import { CLOCK, LOG } from '../deps.ts';
import type { LiveEvent, LiveSource, WatchedIds } from './live-source.ts';

/** Reads leave the machine to the tasks: after one nothing is read for so many times as long as it took, and at most so long, ms. */
const PAUSE_FACTOR = 2;
const LONGEST_PAUSE_MS = 1_000;
/** A source that is slow to read is read so many times as seldom as it takes. */
const SELDOM = 10;

const NONE: WatchedIds = new Map();

/** One who watches. */
export interface LiveClient {
  /** It has taken what it was sent. Else nothing is kept for it: it is told the sum of all when it calls `wake`. */
  readonly ready: boolean;
  onEvent(event: LiveEvent): void;
  /** A source cannot be read; when it can again, it is told whole. */
  onUnavailable(topic: LiveSource['topic'], error: Error): void;
}

export interface Watching {
  /** The client is ready again. */
  wake(): void;
  stop(): void;
}

/** One who watches a source: the revision that it knows, and the tasks that it names. */
interface Watcher {
  known: number;
  readonly ids: WatchedIds;
  readonly unfollow: (() => void) | undefined;
}

/** A source and those who watch it. */
interface Watched {
  readonly key: string;
  readonly source: LiveSource;
  readonly clients: Map<LiveClient, Watcher>;
  /** Monotonic, ms; Infinity: it is read now. */
  dueAt: number;
  /** How long its last read took, ms. */
  tookMs: number;
  failed: boolean;
}

/**
 * The one reader of this process for all who watch: each source is read once, however many watch it, one after the other. It
 * sleeps while nobody does.
 */
@Injectable()
export class LiveReader {
  private readonly watched = new Map<string, Watched>();
  private cancelTimer: (() => void) | undefined;
  private reading = false;
  /** Nothing is read before, monotonic ms. */
  private pausedUntil = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** Sources that are read. */
  get size(): number {
    return this.watched.size;
  }

  /**
   * @param sources by what tells them apart; one that is watched already is not made again. @param ids tasks that the client names,
   * of the sources that follow such.
   */
  watch(client: LiveClient, sources: ReadonlyMap<string, () => LiveSource>, ids: WatchedIds = NONE): Watching {
    const mine = [...sources].map(([key, make]) => {
      let watched = this.watched.get(key);
      if (!watched) {
        watched = { key, source: make(), clients: new Map(), dueAt: this.clock.monotonic(), tookMs: 0, failed: false };
        this.watched.set(key, watched);
      }
      watched.clients.set(client, { known: 0, ids, unfollow: watched.source.follow?.(ids) });
      return watched;
    });
    const wake = (): void => mine.forEach((watched) => this.tell(watched, client));
    wake();
    this.plan();
    return {
      wake,
      stop: () => {
        for (const watched of mine) {
          watched.clients.get(client)?.unfollow?.();
          watched.clients.delete(client);
          if (watched.clients.size === 0 && this.watched.get(watched.key) === watched) this.watched.delete(watched.key);
        }
        if (this.watched.size === 0) this.cancelTimer?.();
      },
    };
  }

  private plan(): void {
    if (this.reading || this.watched.size === 0) return;
    this.cancelTimer?.();
    const next = Math.min(...[...this.watched.values()].map(({ dueAt }) => dueAt));
    const waitMs = Math.max(next, this.pausedUntil) - this.clock.monotonic();
    this.cancelTimer = this.clock.after(Math.max(0, waitMs), () => void this.readNext());
  }

  private async readNext(): Promise<void> {
    const began = this.clock.monotonic();
    const due = [...this.watched.values()].filter(({ dueAt }) => dueAt <= began);
    // The quick ones first: a search that is slow delays nobody but those who watch others like it.
    const [watched] = due.sort((a, b) => a.tookMs - b.tookMs || a.dueAt - b.dueAt);
    if (!watched) return this.plan();
    this.reading = true;
    watched.dueAt = Infinity;
    try {
      await watched.source.read();
      watched.failed = false;
    } catch (error) {
      this.fail(watched, toError(error));
    }
    const now = this.clock.monotonic();
    const tookMs = now - began;
    watched.tookMs = tookMs;
    watched.dueAt = began + Math.max(watched.source.everyMs, tookMs * SELDOM);
    this.pausedUntil = now + Math.min(LONGEST_PAUSE_MS, tookMs * PAUSE_FACTOR);
    this.reading = false;
    this.plan();
    for (const client of [...watched.clients.keys()]) this.tell(watched, client);
  }

  private fail(watched: Watched, error: Error): void {
    const { source, clients } = watched;
    if (!(error instanceof StoreUnavailableError))
      this.log.error({ err: error, topic: source.topic }, 'what is watched could not be read; tried again');
    if (watched.failed) return;
    watched.failed = true;
    for (const [client, watcher] of clients) {
      watcher.known = 0;
      if (client.ready) client.onUnavailable(source.topic, error);
    }
  }

  private tell({ source, clients, failed }: Watched, client: LiveClient): void {
    const watcher = clients.get(client);
    if (!watcher || failed || !client.ready) return;
    const event = source.since(watcher.known, watcher.ids);
    watcher.known = source.revision;
    if (event) client.onEvent(event);
  }
}
