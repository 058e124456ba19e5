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
  try {
    for await (const item of items) {
      while (running >= atOnce) await oneEnds();
      goOn?.();
      running += 1;
      void run(item, taken);
      taken += 1;
    }
  } finally {
    while (running > 0) await oneEnds();
  }
  return outcomes;
}
