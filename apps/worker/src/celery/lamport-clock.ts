/** Celery's logical clock: by it monitors order what several nodes send. */
export class LamportClock {
  private time = 0;

  /** The time of something that is sent now. */
  next(): number {
    this.time += 1;
    return this.time;
  }

  /** Something came that was sent at this time of its sender. */
  adjust(theirs: number): void {
    this.time = Math.max(this.time, theirs) + 1;
  }
}
