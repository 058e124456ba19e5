/** The frames that settle deliveries of one channel. */
export interface AckSink {
  /** `multiple`: this delivery and all outstanding ones before it. */
  ack(tag: number, multiple: boolean): void;
  nack(tag: number, requeue: boolean): void;
}

const HELD = 0;
const SETTLED = 1;
/** Its holder is done with it, but something has to be finished before the server is told. */
const RESERVED = 2;

type AckState = typeof HELD | typeof SETTLED | typeof RESERVED;

/**
 * Gathers the acks of one channel into few frames, once per pass of the event loop.
 *
 * A multiple ack covers only the unbroken run of settled deliveries at the beginning, and names the last of that run, which is
 * itself outstanding: a tag that is not makes the server close the channel (406). What is settled beyond a gap is acked
 * singly, at once: one long task must not hold the finished ones behind it in the prefetch window.
 */
export class AckWindow {
  /** Deliveries that the server counts as unacked, in the order they came: tags rise, and a Map keeps that order. */
  private readonly outstanding = new Map<number, AckState>();
  /** Settled since the last flush. */
  private settled: number[] = [];
  private scheduled = false;
  private open = true;
  private readonly runFlush = (): void => {
    this.scheduled = false;
    this.flush();
  };

  constructor(
    private readonly sink: AckSink,
    private readonly schedule: (flush: () => void) => void = setImmediate,
  ) {}

  /** Deliveries that the server counts as unacked, those aside whose ack is on its way. */
  get held(): number {
    return this.outstanding.size - this.settled.length;
  }

  delivered(tag: number): void {
    this.outstanding.set(tag, HELD);
  }

  /** No effect on a delivery that was settled before, or after {@link close}. */
  ack(tag: number): void {
    if (this.open && this.outstanding.get(tag) === HELD) this.settle(tag);
  }

  /** Leaves at once: it is rare, and somebody may wait for the message. */
  nack(tag: number, requeue: boolean): void {
    if (!this.open || this.outstanding.get(tag) !== HELD) return;
    this.outstanding.delete(tag);
    this.sink.nack(tag, requeue);
  }

  /** Takes the delivery from its holder: `ack` and `nack` have no effect on it any more. `false`: there is nothing to take. */
  reserve(tag: number): boolean {
    if (!this.open || this.outstanding.get(tag) !== HELD) return false;
    this.outstanding.set(tag, RESERVED);
    return true;
  }

  ackReserved(tag: number): void {
    if (this.open && this.outstanding.get(tag) === RESERVED) this.settle(tag);
  }

  nackReserved(tag: number, requeue: boolean): void {
    if (!this.open || this.outstanding.get(tag) !== RESERVED) return;
    this.outstanding.delete(tag);
    this.sink.nack(tag, requeue);
  }

  /** Sends what was gathered. */
  flush(): void {
    const { settled, outstanding } = this;
    if (!this.open || settled.length === 0) return;
    this.settled = [];
    if (!rising(settled)) settled.sort((a, b) => a - b);

    // Both rise, and what is settled is outstanding: they agree as long as there is no gap.
    let run = 0;
    for (const tag of outstanding.keys()) {
      if (tag !== settled[run]) break;
      run += 1;
    }
    for (const tag of settled) outstanding.delete(tag);

    if (run > 0) this.sink.ack(settled[run - 1]!, run > 1);
    for (let n = run; n < settled.length; n += 1) this.sink.ack(settled[n]!, false);
  }

  /** The channel is gone: whatever is settled from here on is not told to anybody. */
  close(): void {
    this.open = false;
    this.outstanding.clear();
    this.settled = [];
  }

  private settle(tag: number): void {
    this.outstanding.set(tag, SETTLED);
    this.settled.push(tag);
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(this.runFlush);
  }
}

function rising(tags: readonly number[]): boolean {
  for (let n = 1; n < tags.length; n += 1) if (tags[n]! < tags[n - 1]!) return false;
  return true;
}
