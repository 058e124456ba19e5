export interface PlacesOptions {
  /** Of this process. Default 1000. */
  readonly total?: number;
  /** Of one user in this process. Default 50. */
  readonly perUser?: number;
}

/** Places for what stays open for long, so that nobody takes all there are. */
export class RequestPlaces {
  readonly perUser: number;
  private readonly total: number;
  private readonly byUser = new Map<string, number>();
  private open = 0;

  constructor({ total = 1000, perUser = 50 }: PlacesOptions = {}) {
    this.total = total;
    this.perUser = perUser;
  }

  /** Places taken. */
  get taken(): number {
    return this.open;
  }

  /** Takes a place; the returned function frees it, once. Else who has too many. */
  take(userId: string): (() => void) | 'user' | 'total' {
    const own = this.byUser.get(userId) ?? 0;
    if (own >= this.perUser) return 'user';
    if (this.open >= this.total) return 'total';
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
