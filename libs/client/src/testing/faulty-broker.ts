import { deferred, Signal, type Deferred } from '@lovage/foundation';
import { ConfirmLostError, type BrokerState, type OutgoingMessage } from '@lovage/ports';
import { MemoryBroker } from '@lovage/testing';

/** A broker whose confirms the test holds back or loses, and that it may block. */
export class FaultyBroker extends MemoryBroker {
  /** Every message whose publish was asked for. */
  readonly sent: OutgoingMessage[] = [];
  readonly publishing = new Signal<OutgoingMessage>();
  private readonly blocks = new Signal<BrokerState>();
  private blocked = false;
  private held: Deferred<void> | undefined;
  private fault: 'none' | 'lost-kept' | 'lost-gone' = 'none';

  override get state(): BrokerState {
    return this.blocked ? 'blocked' : super.state;
  }

  override onStateChange(listener: (state: BrokerState) => void): () => void {
    const offs = [super.onStateChange(listener), this.blocks.on(listener)];
    return () => offs.forEach((off) => off());
  }

  override async publish(message: OutgoingMessage): Promise<void> {
    this.sent.push(message);
    this.publishing.emit(message);
    if (this.held) await this.held.promise;
    const { fault } = this;
    if (fault !== 'lost-gone') await super.publish(message);
    if (fault !== 'none') throw new ConfirmLostError('the connection broke before the confirm');
  }

  /** From now on no publish is answered, until the returned function is called. */
  holdConfirms(): () => void {
    this.held = deferred();
    return () => {
      this.held?.resolve();
      this.held = undefined;
    };
  }

  /** From now on every confirm is lost: the broker has the message (`kept`) or has not (`gone`). */
  loseConfirms(message: 'kept' | 'gone'): void {
    this.fault = `lost-${message}`;
  }

  block(): void {
    this.blocked = true;
    this.blocks.emit('blocked');
  }

  unblock(): void {
    this.blocked = false;
    this.blocks.emit('up');
  }
}
