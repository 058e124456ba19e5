import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { ProblemError } from '../problems/problem-error.ts';

/** OWASP's recommendation for argon2id (2024): 19 MiB, two passes, one lane. */
const COST = { type: argon2.argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;
/** Hashes worked on at once: each fills a thread of Node's pool of four, which the rest of the process needs too. */
const AT_ONCE = 2;
/** Hashes that may wait, at most; beyond it a login is refused rather than answered late. */
const MAX_WAITING = 50;

/** Hashes and compares passwords, a few at a time. */
export class Passwords {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private decoy: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.gated(() => argon2.hash(password, COST));
  }

  /**
   * Whether this is the password. Without a hash, for a user that does not exist, it compares all the same and says no,
   * so that the time it takes does not tell who has an account.
   */
  async matches(hash: string | undefined, password: string): Promise<boolean> {
    this.decoy ??= argon2.hash(randomBytes(16), COST);
    const against = hash ?? (await this.decoy);
    const same = await this.gated(() => argon2.verify(against, password));
    return same && hash !== undefined;
  }

  private async gated<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= AT_ONCE) {
      if (this.waiting.length >= MAX_WAITING)
        throw new ProblemError('busy', 'too many people log in at once; try again', {
          headers: { 'retry-after': '1' },
        });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
