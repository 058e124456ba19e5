import type { Clock } from '@lovage/ports';

/**
 * Calls back for each item when its time has come, never before: one timer for each millisecond that has items, since a
 * thousand of them may be due within a second.
 */
export class Agenda<T> {
  private readonly pages = new Map<number, { items: T[]; callOff: () => void }>();

  constructor(
    private readonly clock: Clock,
    private readonly onDue: (items: T[]) => void,
  ) {}

  /** @param at monotonic ms; a time that has passed is due at once, within this call. */
  add(item: T, at: number): void {
    if (at <= this.clock.monotonic()) return this.onDue([item]);
    const page = Math.ceil(at);
    const there = this.pages.get(page);
    if (there) there.items.push(item);
    else this.pages.set(page, { items: [item], callOff: this.timer(page) });
  }

  /** Gives back what was not due yet, and forgets it. */
  clear(): T[] {
    const items = [...this.pages.values()].flatMap((page) => {
      page.callOff();
      return page.items;
    });
    this.pages.clear();
    return items;
  }

  private timer(page: number): () => void {
    return this.clock.after(Math.max(1, page - this.clock.monotonic()), () => this.ring(page));
  }

  private ring(page: number): void {
    const due = this.pages.get(page);
    if (!due) return;
    // Timers of Node.js may ring a fraction of a millisecond early.
    if (this.clock.monotonic() < page) return void (due.callOff = this.timer(page));
    this.pages.delete(page);
    this.onDue(due.items);
  }
}
