import type { Clock } from '@lovage/ports';

const WINDOW_MS = 60_000;
const MAX_IN_WINDOW = 10;
/** Kept at most. Each entry costs a password hash to make, so nobody can push another's out within its minute. */
const MAX_KEYS = 10_000;

/** Ten logins a minute for an address and e-mail together, whether they succeed or not. Of this process alone. */
export class LoginLimiter {
  private readonly attempts = new Map<string, number[]>();

  constructor(private readonly clock: Clock) {}

  /** Counts an attempt. 0: it may go on; else the seconds until the next may. */
  attempt(address: string, email: string): number {
    const now = this.clock.now();
    const key = JSON.stringify([address, email]);
    const recent = (this.attempts.get(key) ?? []).filter((at) => at > now - WINDOW_MS);
    this.attempts.delete(key);
    const allowed = recent.length < MAX_IN_WINDOW;
    if (allowed) recent.push(now);
    if (this.attempts.size >= MAX_KEYS) this.attempts.delete(this.attempts.keys().next().value!);
    this.attempts.set(key, recent);
    return allowed ? 0 : Math.ceil((recent[0]! + WINDOW_MS - now) / 1000);
  }
}
