/** Bytes of bodies that one take aims to stay below: they come in one answer, and as text of twice the length. */
export const TAKE_BYTES = 16 * 1024 * 1024;

/** How many messages to take at once, by the size of those that came last. */
export class TakeSize {
  /** Mean size of a body, bytes; follows growth at once and decline by halves. */
  private expected = 0;

  constructor(private readonly most: number) {}

  /** At most `free`. At least 1 if anything is free: a message larger than the aim has to be taken too. */
  upTo(free: number): number {
    const affordable = this.expected === 0 ? this.most : Math.max(1, Math.floor(TAKE_BYTES / this.expected));
    return Math.max(0, Math.min(free, affordable, this.most));
  }

  took(sizes: readonly number[]): void {
    if (sizes.length === 0) return;
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    this.expected = Math.max(mean, (this.expected + mean) / 2);
  }
}
