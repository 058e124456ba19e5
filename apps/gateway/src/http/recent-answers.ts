import type { Clock } from '@lovage/ports';

interface Kept<T> {
  readonly answer: Promise<T>;
  readonly at: number;
}

/** Shares an answer among all who ask the same within a time: many browsers, one look at the database. */
export class RecentAnswers<T> {
  private readonly kept = new Map<string, Kept<T>>();

  /** @param most answers that are kept at once. */
  constructor(
    private readonly clock: Clock,
    private readonly freshMs: number,
    private readonly most = 200,
  ) {}

  /** What `ask` gives, or gave to somebody else a moment ago. A failure is told to those who wait for it, and not kept. */
  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.clock.monotonic();
    const found = this.kept.get(key);
    if (found && now - found.at < this.freshMs) return found.answer;
    // The oldest come first.
    for (const [old, { at }] of this.kept) {
      if (now - at < this.freshMs && this.kept.size < this.most) break;
      this.kept.delete(old);
    }
    const kept = { answer: ask(), at: now };
    this.kept.delete(key);
    this.kept.set(key, kept);
    try {
      return await kept.answer;
    } catch (error) {
      if (this.kept.get(key) === kept) this.kept.delete(key);
      throw error;
    }
  }
}
