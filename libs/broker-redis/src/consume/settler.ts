import { toError } from '@lovage/foundation';
import type { Clock, Log, MessageDeath } from '@lovage/ports';
import { isAnswer } from '../connection/redis-errors.ts';
import type { RedisSession } from '../connection/session.ts';
import { bindingKey, bindingMember, fanoutPrefix, listsOf, UNACKED, UNACKED_INDEX, wakeChannel } from '../keys.ts';

/** Tags of one script call: Lua takes no more than some thousand arguments apart. */
const CALL_SIZE = 1000;

export interface SettlerOptions {
  readonly db: number;
  readonly deadLetterQueue: string;
  readonly deadLetterLimit: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tells Redis what became of deliveries, those of one pass of the event loop together. */
export class RedisSettler {
  private session: RedisSession | undefined;
  private acks: string[] = [];
  private requeues: string[] = [];
  private scheduled = false;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly options: SettlerOptions) {}

  /** What was not sent on the session before is dropped: its messages come again. */
  attach(session: RedisSession | undefined): void {
    this.session = session;
    this.acks = [];
    this.requeues = [];
  }

  ack(tag: string): void {
    this.acks.push(tag);
    this.schedule();
  }

  requeue(tag: string): void {
    this.requeues.push(tag);
    this.schedule();
  }

  refuse(tag: string, queue: string): void {
    const { deadLetterQueue: dead, deadLetterLimit, db, clock } = this.options;
    if (queue === dead) return this.ack(tag);
    const { session } = this;
    if (!session) return;
    const death: MessageDeath = { queue, reason: 'rejected', at: clock.now(), count: 1 };
    this.track(
      session.commands.lovageRefuse(
        4,
        ...[UNACKED, UNACKED_INDEX, bindingKey(dead), listsOf(dead)[1]],
        ...[tag, JSON.stringify(death), bindingMember(dead), deadLetterLimit, wakeChannel(db, dead)],
      ),
    );
  }

  /** Sends what is gathered; resolves once all is answered, or lost. */
  async flush(): Promise<void> {
    this.send();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.send();
    });
  }

  private send(): void {
    const { session, acks, requeues } = this;
    this.acks = [];
    this.requeues = [];
    if (!session) return;
    const { commands } = session;
    for (let at = 0; at < acks.length; at += CALL_SIZE)
      this.track(commands.lovageAck(2, UNACKED, UNACKED_INDEX, ...acks.slice(at, at + CALL_SIZE)));
    // The newest first: the oldest is to be taken first again.
    requeues.reverse();
    for (let at = 0; at < requeues.length; at += CALL_SIZE)
      this.track(commands.lovageRequeue(0, fanoutPrefix(this.options.db), ...requeues.slice(at, at + CALL_SIZE)));
  }

  private track(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work
      .catch((error: unknown) => {
        if (isAnswer(error))
          this.options.log.error({ err: toError(error) }, 'Redis did not take the end of a delivery');
      })
      .finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
  }
}
