/** A look from the start may take this share of the time: rows dead but not vacuumed yet make it slow. */
const START_SHARE = 1 / 20;

/**
 * Where in its queue a consumption takes next, and whether there may be anything to take at all.
 *
 * Takes begin behind what was taken before. Else each would wade through all that was acked since the last vacuum, and a
 * transaction somebody left open, which stops vacuum, would bring the queue to a crawl. What may still appear in front of
 * there is looked for:
 * - what was committed late by a concurrent publisher: at each end of the queue the next take starts again at `lowest`, the
 *   highest id of one to two polls ago;
 * - what was requeued, or is more urgent than what was taken: from the very start, when told so;
 * - anything else (a lost notification, a taker that died half-way, a commit of more than a second): from the very start
 *   with each poll, unless that costs too much of the time; then with one of the next.
 *
 * Hungry: there may be messages not seen yet. A take that brings less than asked for ends the hunger, if nothing new was
 * told meanwhile.
 */
export class TakeCursor {
  private isHungry = true;
  private fromStart = true;
  private after: number;
  private lowest: number;
  private highest: number;
  private highestAtPoll: number;
  private nextStartAt = 0;
  private began: { after: number; at: number; fromStart: boolean } | undefined;

  /**
   * @param now monotonic, ms
   * @param start below all ids
   */
  constructor(
    private readonly now: () => number,
    private readonly start = 0,
  ) {
    this.after = this.lowest = this.highest = this.highestAtPoll = start;
  }

  get hungry(): boolean {
    return this.isHungry;
  }

  /** There may be messages. @param fromStart also before those seen */
  wake(fromStart: boolean): void {
    this.isHungry = true;
    this.fromStart ||= fromStart;
  }

  poll(): void {
    this.lowest = this.highestAtPoll;
    this.highestAtPoll = this.highest;
    this.wake(this.now() >= this.nextStartAt);
  }

  /** A take begins: it asks for ids above the result. */
  begin(): number {
    const after = this.fromStart ? this.start : this.after;
    this.began = { after, at: this.now(), fromStart: this.fromStart };
    this.fromStart = false;
    this.isHungry = false;
    return after;
  }

  /** It brought messages; `last` is the highest of their ids, if any. */
  end(last: number | undefined, full: boolean): void {
    const { after, at, fromStart } = this.began!;
    if (fromStart) this.nextStartAt = this.now() + (this.now() - at) / START_SHARE;
    if (last !== undefined) this.highest = Math.max(this.highest, last);
    if (full || after > this.lowest) this.isHungry = true;
    this.after = full ? last! : this.lowest;
  }

  /** It failed: the same again. */
  fail(): void {
    this.wake(this.began!.fromStart);
  }
}
