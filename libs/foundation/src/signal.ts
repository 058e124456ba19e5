import { deferred, type Deferred } from './deferred.ts';

/**
 * A named moment that others may wait for: `signal.emit(value)` wakes every waiter whose condition holds.
 * It is how tests follow production code without sleeping; with no listener an emit costs one comparison.
 */
export class Signal<T = void> {
  private readonly listeners = new Set<(value: T) => void>();

  /** Whether anybody listens: saves making a value that nobody gets. */
  get heard(): boolean {
    return this.listeners.size > 0;
  }

  emit(value: T): void {
    if (this.listeners.size === 0) return;
    if (this.listeners.size === 1) {
      // Mostly there is one: no copy of the list is needed then.
      for (const listener of this.listeners) return listener(value);
    }
    for (const listener of [...this.listeners]) listener(value);
  }

  /** Calls `listener` at each emit until the returned function is called. */
  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The next value for which `when` holds. The wait starts now: take the promise before causing the moment. */
  next(when: (value: T) => boolean = () => true): Promise<T> {
    const found: Deferred<T> = deferred<T>();
    const unsubscribe = this.on((value) => {
      if (!when(value)) return;
      unsubscribe();
      found.resolve(value);
    });
    return found.promise;
  }
}
