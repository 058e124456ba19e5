import { BatchQueue } from '@lovage/foundation';
import type { Ended } from './ended.ts';
import type { Recorder, RecordOutcome } from './recorder.ts';

export interface EndQueuesEvents {
  /** What came of some of them. */
  recorded(outcomes: readonly RecordOutcome[]): void;
  /** A batch of ends with claims has been dealt with. */
  written(): void;
}

/** Ends that wait to be recorded. Those without claims have a queue of their own, so that claims wait for none of them. */
export class EndQueues {
  private readonly claimed: BatchQueue<Ended>;
  private readonly rowless: BatchQueue<Ended>;
  private underWay = false;

  constructor(recorder: Pick<Recorder, 'record' | 'recordRowless'>, events: EndQueuesEvents) {
    this.claimed = new BatchQueue({
      flush: async (batch) => {
        this.underWay = true;
        try {
          for await (const outcomes of recorder.record(batch)) events.recorded(outcomes);
        } finally {
          this.underWay = false;
          events.written();
        }
      },
    });
    this.rowless = new BatchQueue({
      flush: async (batch) => {
        for await (const outcomes of recorder.recordRowless(batch)) events.recorded(outcomes);
      },
    });
  }

  /** Ends with claims are being written, in one commit at a time: claims go in step with these. */
  get writing(): boolean {
    return this.underWay;
  }

  push(ended: Ended): void {
    (ended.entry.claimed ? this.claimed : this.rowless).push(ended);
  }

  /** Resolves when none is left. */
  async idle(): Promise<void> {
    await Promise.all([this.claimed.idle(), this.rowless.idle()]);
  }
}
