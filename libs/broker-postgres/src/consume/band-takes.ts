import { PRIORITY_BANDS, type PriorityBand } from '@lovage/ports';
import { BAND_RANGES, bandOfId, type IdRange } from '../queues/message-order.ts';
import { TakeCursor } from './take-cursor.ts';

/**
 * First letter of a notification that speaks of messages that stand before others: given back to the queue, or more urgent. The
 * band they are of follows; none: any.
 */
export const FROM_START = '<';

/** What one consumption takes of a band. */
export class BandTake {
  readonly held = new Set<number>();
  cursor!: TakeCursor;

  constructor(
    readonly range: IdRange,
    private readonly prefetch: number,
    private readonly now: () => number,
  ) {
    this.begin();
  }

  /** How many more it may take, if there may be any. */
  get free(): number {
    return this.cursor.hungry ? this.prefetch - this.held.size : 0;
  }

  begin(): void {
    this.cursor = new TakeCursor(this.now, this.range.after);
  }
}

/** The same of all bands of a queue. */
export class BandTakes {
  private readonly bands: Readonly<Record<PriorityBand, BandTake>>;
  private readonly all: readonly BandTake[];

  constructor(prefetch: number, now: () => number) {
    const take = (band: PriorityBand) => new BandTake(BAND_RANGES[band], prefetch, now);
    this.bands = { high: take('high'), normal: take('normal'), low: take('low') };
    this.all = Object.values(this.bands);
  }

  of(band: PriorityBand): BandTake {
    return this.bands[band];
  }

  /** From the start of each. */
  begin(): void {
    for (const band of this.all) band.begin();
  }

  wake(payload: string): void {
    if (!payload.startsWith(FROM_START)) return this.bands.normal.cursor.wake(false);
    const told = PRIORITY_BANDS.filter((band) => payload.endsWith(band));
    for (const band of told.length > 0 ? told : PRIORITY_BANDS) this.bands[band].cursor.wake(true);
  }

  poll(): void {
    for (const { cursor } of this.all) cursor.poll();
  }

  held(): number[] {
    return this.all.flatMap(({ held }) => [...held]);
  }

  holdNothing(): void {
    for (const { held } of this.all) held.clear();
  }

  /** False: it was not held. */
  letGo(id: number): boolean {
    return this.bands[bandOfId(id)].held.delete(id);
  }
}
