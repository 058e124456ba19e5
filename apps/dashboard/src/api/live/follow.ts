import { ApiError } from '../api-error.ts';
import { api } from '../client.ts';
import type { QueryValues } from '../send.ts';
import { SseParser, type SseEvent } from './sse-parser.ts';

/** First and longest time before another try, ms; doubled each time, and spread so that not all pages come at once. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export type FollowStatus =
  | { readonly kind: 'connecting' | 'live' | 'paused' | 'ended' | 'idle' }
  | {
      readonly kind: 'waiting';
      /** When the next try is, ms since 1970. */
      readonly until: number;
      /** What the connection failed with, as a sentence without its end; undefined: the server ended the stream in order. */
      readonly failure: string | undefined;
    };

export interface FollowOptions {
  readonly path: string;
  readonly query?: QueryValues;
  readonly onEvent: (event: SseEvent) => void;
  readonly onStatus: (status: FollowStatus) => void;
  /** Whether a stream that the server ended is at its end (a task has ended) and not to be opened again. */
  readonly endsAfter?: (event: SseEvent) => boolean;
}

/**
 * Follows a stream of the gateway by `fetch`, since an `EventSource` sends no token: opens it again with a growing wait,
 * resumes after the last event, and rests while the page is hidden. Gives the function that ends it.
 */
export function follow({ path, query, onEvent, onStatus, endsAfter }: FollowOptions): () => void {
  const stopped = new AbortController();
  let attempt = 0;
  let lastId: string | undefined;
  let open: AbortController | undefined;
  let wake: (() => void) | undefined;

  const onVisibility = (): void => {
    if (document.hidden) open?.abort();
    else wake?.();
  };
  document.addEventListener('visibilitychange', onVisibility);

  const visible = (): Promise<void> =>
    document.hidden ? new Promise((resolve) => (wake = resolve)) : Promise.resolve();
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Reads one connection to its end; true: nothing more will come. */
  const read = async (signal: AbortSignal): Promise<boolean> => {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastId !== undefined) headers['last-event-id'] = lastId;
    const response = await api.raw(path, { query, signal, headers });
    const parser = new SseParser();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return false;
    onStatus({ kind: 'live' });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      for (const event of parser.push(value)) {
        attempt = 0;
        lastId = event.id ?? lastId;
        onEvent(event);
        if (endsAfter?.(event)) return true;
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (document.hidden) {
        onStatus({ kind: 'paused' });
        await visible();
        continue;
      }
      onStatus({ kind: 'connecting' });
      open = new AbortController();
      let failure: string | undefined;
      try {
        if (await read(AbortSignal.any([open.signal, stopped.signal]))) return onStatus({ kind: 'ended' });
      } catch (error) {
        if (stopped.signal.aborted) return;
        // Another role, or what is followed is gone: no further try will help.
        if (error instanceof ApiError && [401, 403, 404, 422].includes(error.status))
          return onStatus({ kind: 'ended' });
        failure = (error instanceof ApiError ? error : ApiError.unreachable()).title;
      }
      if (stopped.signal.aborted || document.hidden) continue;
      const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
      attempt += 1;
      const ms = most * (0.5 + Math.random() / 2);
      onStatus({ kind: 'waiting', until: Date.now() + ms, failure });
      await pause(ms);
    }
  };
  void run();
  return () => {
    stopped.abort();
    wake?.();
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
