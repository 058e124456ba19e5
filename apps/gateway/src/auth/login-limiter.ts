import type { Clock } from '@lovage/ports';
import { addressBlock } from '../http/address-block.ts';
import { AttemptCounter } from '../http/attempt-counter.ts';
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

/** Logins a minute for an address, for an e-mail and for both together, whether they succeed or not. Of this process alone. */
export class LoginLimiter {
  private readonly both: AttemptCounter;
  private readonly addresses: AttemptCounter;
  private readonly emails: AttemptCounter;
  private readonly refreshes: AttemptCounter;

  constructor(clock: Pick<Clock, 'now'>) {
    const counter = (max: number) => new AttemptCounter({ max, windowMs: WINDOW_MS }, clock);
    this.both = counter(MAX_BOTH);
    this.addresses = counter(MAX_ADDRESS);
    this.emails = counter(MAX_EMAIL);
    this.refreshes = counter(MAX_REFRESHES);
  }

  /** Counts an attempt to show a password; one that is refused counts nowhere. @throws ProblemError `too_many_logins` */
  attempt(address: string, email: string): void {
    const block = addressBlock(address);
    const pair = JSON.stringify([block, email]);
    const waitMs = Math.max(this.both.waitMs(pair), this.addresses.waitMs(block), this.emails.waitMs(email));
    if (waitMs > 0) throw tooMany(waitMs);
    // E-mails that are made up count only as often as their address may try.
    this.both.note(pair);
    this.addresses.note(block);
    this.emails.note(email);
  }

  /** Counts a refresh token that is shown, to be used or to be ended. @throws ProblemError `too_many_logins` */
  refresh(address: string): void {
    const block = addressBlock(address);
    const waitMs = this.refreshes.waitMs(block);
    if (waitMs > 0) throw tooMany(waitMs);
    this.refreshes.note(block);
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
