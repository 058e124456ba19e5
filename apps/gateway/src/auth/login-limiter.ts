import type { Clock, RateCounter, RateCounters } from '@lovage/ports';
import { LRUCache } from 'lru-cache';
import { addressBlock } from '../http/address-block.ts';
import { ProblemError } from '../problems/problem-error.ts';

const WINDOW_MS = 60_000;
/** Of one address with one e-mail: nobody mistypes more often. */
const MAX_BOTH = 10;
/** Of one address: people behind one router log in, too. */
const MAX_ADDRESS = 60;
/** Of one e-mail, from wherever: guessing from many addresses is slow, and costs many to lock its owner out. */
const MAX_EMAIL = 100;
/** Of refresh tokens from one address. A login needs one each fifteen minutes. */
const MAX_REFRESHES = 300;
/** Keys known to be over their limit, at most; one that is forgotten is asked for again. */
const MAX_REFUSED = 1_000;

interface Limit {
  readonly name: string;
  readonly counter: RateCounter;
  readonly max: number;
}

type Try = readonly [limit: Limit, key: string];

/**
 * Logins a minute for an address, for an e-mail and for both together, whether they succeed or not; at all gateways together. A
 * minute begins with the first attempt.
 */
export class LoginLimiter {
  private readonly both: Limit;
  private readonly addresses: Limit;
  private readonly emails: Limit;
  private readonly refreshes: Limit;
  /** Keys over a limit, with the end of their windows, monotonic ms: a flood of refused attempts asks nobody. */
  private readonly refused = new LRUCache<string, number>({ max: MAX_REFUSED });

  constructor(
    rates: RateCounters,
    private readonly clock: Clock,
  ) {
    const limit = (name: string, max: number): Limit => ({
      name,
      counter: rates.counter({ name: `logins:${name}`, windowMs: WINDOW_MS }),
      max,
    });
    this.both = limit('both', MAX_BOTH);
    this.addresses = limit('address', MAX_ADDRESS);
    this.emails = limit('email', MAX_EMAIL);
    this.refreshes = limit('refresh', MAX_REFRESHES);
  }

  /**
   * Counts an attempt to show a password. One that is refused counts nowhere, so e-mails that are made up count only as often as
   * their address may try.
   * @throws ProblemError `too_many_logins`; StoreUnavailableError
   */
  async attempt(address: string, email: string): Promise<void> {
    const block = addressBlock(address);
    const tries: Try[] = [
      [this.both, JSON.stringify([block, email])],
      [this.addresses, block],
      [this.emails, email],
    ];
    this.throwIfRefused(tries);
    await Promise.all(tries.map((one) => this.look(one)));
    this.throwIfRefused(tries);
    await this.note(tries);
  }

  /** Counts a refresh token that is shown, to be used or to be ended. @throws ProblemError `too_many_logins`; StoreUnavailableError */
  async refresh(address: string): Promise<void> {
    const tries: Try[] = [[this.refreshes, addressBlock(address)]];
    this.throwIfRefused(tries);
    await this.note(tries);
  }

  private throwIfRefused(tries: readonly Try[]): void {
    const now = this.clock.monotonic();
    const waitMs = Math.max(...tries.map(([{ name }, key]) => (this.refused.get(`${name} ${key}`) ?? 0) - now));
    if (waitMs > 0) throw tooMany(waitMs);
  }

  private async look([limit, key]: Try): Promise<void> {
    const found = await limit.counter.read(key);
    if (found && found.count >= limit.max) this.refuse(limit, key, found.endsInMs);
  }

  private async note(tries: readonly Try[]): Promise<void> {
    const counts = await Promise.all(tries.map(([{ counter }, key]) => counter.add(key, 1)));
    const over = tries.filter(([limit, key], i) => {
      const { count, endsInMs } = counts[i]!;
      if (count >= limit.max) this.refuse(limit, key, endsInMs);
      return count > limit.max;
    });
    // Of those who came at the same moment.
    if (over.length > 0) this.throwIfRefused(over);
  }

  private refuse({ name }: Limit, key: string, endsInMs: number): void {
    this.refused.set(`${name} ${key}`, this.clock.monotonic() + endsInMs);
  }
}

function tooMany(waitMs: number): ProblemError {
  const seconds = Math.ceil(waitMs / 1000);
  return new ProblemError(
    'too_many_logins',
    `too many tries from here, or for this e-mail; try again in ${seconds} s`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  );
}
