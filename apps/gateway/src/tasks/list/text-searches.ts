import { ProblemError } from '../../problems/problem-error.ts';

/** Searches of one user that may wait for the one under way. */
const MAX_WAITING = 4;

interface Line {
  last: Promise<unknown>;
  length: number;
}

/** Searches for a text read thousands of rows each: one at a time for each user, so that the others have theirs. */
export class TextSearches {
  private readonly lines = new Map<string, Line>();

  /** @throws ProblemError `busy` when too many of this user wait; what `search` throws. */
  async run<T>(userId: string, search: () => Promise<T>): Promise<T> {
    const line = this.lines.get(userId) ?? { last: Promise.resolve(), length: 0 };
    if (line.length > MAX_WAITING)
      throw new ProblemError(
        'busy',
        'your searches for a text run one at a time, and too many of them wait; try again',
        {
          headers: { 'retry-after': '2' },
        },
      );
    this.lines.set(userId, line);
    line.length += 1;
    const mine = line.last.then(search);
    line.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      line.length -= 1;
      if (line.length === 0) this.lines.delete(userId);
    }
  }
}
