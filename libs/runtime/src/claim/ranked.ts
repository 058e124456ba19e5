/** So often what waits may be passed over by what is preferred; then it is its turn. */
export const PATIENCE = 9;

/** Picks which of several ranks that wait is next: the lowest number first, but none is passed over for ever. */
export class Ranked {
  private readonly passedOver: number[] = [];

  /** @param waiting the ranks with something waiting, rising; at least one. */
  pick(waiting: readonly number[]): number {
    const { passedOver } = this;
    const next = waiting.find((rank) => (passedOver[rank] ?? 0) >= PATIENCE) ?? waiting[0]!;
    for (const rank of waiting) if (rank > next) passedOver[rank] = (passedOver[rank] ?? 0) + 1;
    passedOver[next] = 0;
    return next;
  }
}
