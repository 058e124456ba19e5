/**
 * A Map for values that come and go by the thousand a second, which the garbage collector can free young.
 *
 * V8 ties each outgrown table of a `Map` to the table after it, for iterators that are still open. Under churn one such
 * table gets old sooner or later; dead as it is, it then keeps alive every later table and all that was ever in one, until the
 * next full collection: each value grows old, and the heap by all of them. Here the tables hold keys and numbers only.
 */
export class RecyclingMap<K extends string | number, V extends object> {
  private readonly places = new Map<K, number>();
  private readonly kept: (V | undefined)[] = [];
  private readonly free: number[] = [];

  get size(): number {
    return this.places.size;
  }

  has(key: K): boolean {
    return this.places.has(key);
  }

  get(key: K): V | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : this.kept[place];
  }

  set(key: K, value: V): void {
    let place = this.places.get(key);
    if (place === undefined) this.places.set(key, (place = this.free.pop() ?? this.kept.length));
    this.kept[place] = value;
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    return this.take(key) !== undefined;
  }

  /** Deletes it; the value that was there. */
  take(key: K): V | undefined {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    this.places.delete(key);
    const value = this.kept[place];
    this.kept[place] = undefined;
    this.free.push(place);
    return value;
  }

  clear(): void {
    this.places.clear();
    this.kept.length = 0;
    this.free.length = 0;
  }

  /** In the order in which their keys came; it may change meanwhile, as a Map may. */
  *values(): Generator<V, void> {
    for (const place of this.places.values()) yield this.kept[place]!;
  }
}
