import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { ProblemError } from '../problems/problem-error.ts';

/** OWASP's recommendation for argon2id (2024): 19 MiB, two passes, one thread. */
const COST = { type: argon2.argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;
/** Hashes worked on at once: each fills a thread of Node's pool of four, which the rest of the process needs too. */
const AT_ONCE = 2;
/** Hashes that may wait, at most; beyond it a login is refused rather than answered late. */
const MAX_WAITING = 50;

interface Waiter {
  readonly begin: () => void;
  readonly refuse: (problem: ProblemError) => void;
}

/** Hashes and compares passwords, a few at a time; waiting senders are served round-robin, however many one of them sends. */
export class Passwords {
  private running = 0;
  private waitingCount = 0;
  /** Who waits, by where they come from. The first is served next, and then goes to the end. */
  private readonly waiting = new Map<string, Waiter[]>();
  private decoy: Promise<string> | undefined;

  /** @param from whom it is counted for: an address, or anything else that several requests may share. */
  hash(password: string, from = ''): Promise<string> {
    return this.gated(from, () => argon2.hash(password, COST));
  }

  /**
   * Whether this is the password. Without a hash, for a user that does not exist, it compares all the same and says no,
   * so that the time it takes does not tell who has an account.
   */
  async matches(hash: string | undefined, password: string, from = ''): Promise<boolean> {
    this.decoy ??= argon2.hash(randomBytes(16), COST);
    const against = hash ?? (await this.decoy);
    const same = await this.gated(from, () => argon2.verify(against, password));
    return same && hash !== undefined;
  }

  private async gated<T>(from: string, work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) await this.wait(from);
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.next();
      if (next) next.begin();
      else this.running -= 1;
    }
  }

  private wait(from: string): Promise<void> {
    if (this.waitingCount >= MAX_WAITING) this.makeRoom(this.waiting.get(from)?.length ?? 0);
    return new Promise((begin, refuse) => {
      const line = this.waiting.get(from);
      if (line) line.push({ begin, refuse });
      else this.waiting.set(from, [{ begin, refuse }]);
      this.waitingCount += 1;
    });
  }

  /** Refuses the last of the sender with the most waiting. @throws ProblemError `busy` when that is who asks. */
  private makeRoom(own: number): void {
    let longest: Waiter[] = [];
    for (const line of this.waiting.values()) if (line.length > longest.length) longest = line;
    if (longest.length <= own + 1) throw busy();
    longest.pop()!.refuse(busy());
    this.waitingCount -= 1;
  }

  private next(): Waiter | undefined {
    const [first] = this.waiting;
    if (!first) return undefined;
    const [from, line] = first;
    const waiter = line.shift()!;
    this.waitingCount -= 1;
    this.waiting.delete(from);
    if (line.length > 0) this.waiting.set(from, line);
    return waiter;
  }
}

function busy(): ProblemError {
  return new ProblemError('busy', 'too many people log in at once; try again', { headers: { 'retry-after': '1' } });
}
