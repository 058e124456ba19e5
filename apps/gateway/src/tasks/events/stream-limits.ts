import { ProblemError } from '../../problems/problem-error.ts';

export interface StreamLimitOptions {
  /** Streams of this process. Default 1000. */
  readonly total?: number;
  /** Streams of one user in this process. Default 50. */
  readonly perUser?: number;
}

/** Bounds the streams that are open, so that nobody takes all there are. */
export class StreamLimits {
  private readonly byUser = new Map<string, number>();
  private open = 0;
  private readonly total: number;
  private readonly perUser: number;

  constructor({ total = 1000, perUser = 50 }: StreamLimitOptions = {}) {
    this.total = total;
    this.perUser = perUser;
  }

  /** Takes a place; the returned function gives it back, once. @throws ProblemError `too_many_streams` */
  take(userId: string): () => void {
    const own = this.byUser.get(userId) ?? 0;
    if (own >= this.perUser) throw tooMany(`${this.perUser} streams of a user may be open at once; close one`);
    if (this.open >= this.total) throw tooMany('too many streams are open here; try again');
    this.open += 1;
    this.byUser.set(userId, own + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.open -= 1;
      const left = this.byUser.get(userId)! - 1;
      if (left === 0) this.byUser.delete(userId);
      else this.byUser.set(userId, left);
    };
  }
}

const tooMany = (detail: string): ProblemError =>
  new ProblemError('too_many_streams', detail, { headers: { 'retry-after': '5' } });
