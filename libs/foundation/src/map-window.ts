export type Attempted<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: unknown };

/**
 * Works through items, so many at once, and never takes in more of them than that: the items may be a generator of a million. What
 * fails is told in the outcomes, which stand in the order of the items.
 * @param goOn called before each item; what it throws ends the work after what is under way. So does an error of the items themselves.
 */
export async function mapWindow<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
  goOn?: () => void,
): Promise<Attempted<R>[]> {
  const outcomes: Attempted<R>[] = [];
  let running = 0;
  let taken = 0;
  let onEnd: () => void = () => undefined;
  const oneEnds = () => new Promise<void>((resolve) => (onEnd = resolve));
  const run = async (item: T, index: number): Promise<void> => {
    try {
      outcomes[index] = { ok: true, value: await work(item, index) };
    } catch (error) {
      outcomes[index] = { ok: false, error };
    }
    running -= 1;
    onEnd();
  };
  const begin = (item: T): void => {
    goOn?.();
    running += 1;
    void run(item, taken);
    taken += 1;
  };
  try {
    if (isAsync(items))
      for await (const item of items) {
        while (running >= atOnce) await oneEnds();
        begin(item);
      }
    // Not `for await`: it makes three promises an item, and a handler may have a hundred thousand children.
    else
      for (const item of items) {
        while (running >= atOnce) await oneEnds();
        begin(isPromise(item) ? await item : item);
      }
  } finally {
    while (running > 0) await oneEnds();
  }
  return outcomes;
}

function isPromise<T>(item: T): item is T & PromiseLike<T> {
  return typeof (item as { then?: unknown } | null)?.then === 'function';
}

function isAsync<T>(items: Iterable<T> | AsyncIterable<T>): items is AsyncIterable<T> {
  return (items as Partial<AsyncIterable<T>>)[Symbol.asyncIterator] !== undefined;
}
