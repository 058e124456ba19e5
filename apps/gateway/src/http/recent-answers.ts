import type { Clock } from '@lovage/ports';
import { LRUCache } from 'lru-cache';

/** Shares an answer among all who ask the same within a time: many browsers, one look at the database. */
export class RecentAnswers<T> {
  private readonly kept: LRUCache<string, Promise<T>>;

  /** @param most answers that are kept at once: what is asked for is anybody's choice. */
  constructor(
    private readonly clock: Pick<Clock, 'after'>,
    private readonly freshMs: number,
    most = 200,
  ) {
    this.kept = new LRUCache({ max: most });
  }

  /** What `ask` gives, or gave to somebody else a moment ago. A failure is told to those who wait for it, and not kept. */
  get(key: string, ask: () => Promise<T>): Promise<T> {
    const found = this.kept.get(key);
    if (found) return found;
    const answer = ask();
    this.kept.set(key, answer);
    const forget = (): void => {
      cancelTimer();
      // Another one may have come since, when there were too many.
      if (this.kept.peek(key) === answer) this.kept.delete(key);
    };
    // By a timer, not at the next question: an answer may be large, and nobody may ask for anything again.
    const cancelTimer = this.clock.after(this.freshMs, forget);
    answer.catch(forget);
    return answer;
  }
}
