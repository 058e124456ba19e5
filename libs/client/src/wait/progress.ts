import { ClientStoppedError, TaskUnknownError } from '../errors.ts';
import type { WatchList } from './watch-list.ts';

/** Values held for an iteration that is slower than the task; beyond it the oldest go, since the latest is what counts. */
const MOST_HELD = 1000;

/**
 * What a task reports, until it ends; however it ends, the iteration just finishes. A value may be missed where its reply got
 * lost, then a later one follows from the row.
 * @throws TaskUnknownError ClientStoppedError and the signal's reason.
 */
export async function* progressOf(
  watches: WatchList,
  id: string,
  options: { plan: readonly number[]; mustExist: boolean; signal: AbortSignal | undefined },
): AsyncGenerator<unknown, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const held: unknown[] = [];
  let done = false;
  let failure: { reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  /** What replies, and what rows, have told. */
  const told = { reply: new Set<string>(), row: new Set<string>() };
  const fail = (reason: unknown) => {
    failure = { reason };
    wake?.();
  };
  const offer = (value: unknown, from: 'reply' | 'row') => {
    const text = JSON.stringify(value);
    // Both tell of the same reports, mostly the reply first. A handler may report the same twice, which replies tell twice.
    if (from === 'row' ? told.reply.has(text) || told.row.has(text) : told.row.delete(text)) return;
    if (told[from].size >= MOST_HELD) told[from].clear();
    told[from].add(text);
    held.push(value);
    if (held.length > MOST_HELD) held.shift();
    wake?.();
  };
  const watch = watches.add(id, {
    plan: options.plan,
    onProgress: offer,
    onOutcome: (_outcome, row) => {
      if (row && row.progress !== null) offer(row.progress, 'row');
      done = true;
      wake?.();
    },
    onUnknown: options.mustExist ? () => fail(new TaskUnknownError(id)) : undefined,
    onStop: () => fail(new ClientStoppedError(id)),
  });
  const onAbort = () => fail(signal!.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      while (held.length > 0) yield held.shift();
      if (failure) throw failure.reason;
      if (done) return;
      await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
    }
  } finally {
    watches.remove(watch);
    signal?.removeEventListener('abort', onAbort);
  }
}
