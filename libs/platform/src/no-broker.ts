import { BrokerUnavailableError, type Broker, type BrokerState } from '@lovage/ports';

/**
 * The broker of a process that has none: always away. What such a process submits goes through the outbox, and results that it
 * waits for are read from Postgres.
 */
export class NoBroker implements Broker {
  readonly kind = 'none';
  readonly displayUrl = 'none';
  readonly deadLetterQueue = 'none';
  readonly state: BrokerState = 'down';
  readonly declare = unavailable;
  readonly publish = unavailable;
  readonly consume = unavailable;
  readonly openReplies = unavailable;
  readonly depth = unavailable;
  readonly purge = unavailable;
  readonly deleteQueue = unavailable;

  onStateChange(): () => void {
    return () => undefined;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  reply(): void {}
}

function unavailable(): Promise<never> {
  return Promise.reject(new BrokerUnavailableError('this process has no broker; its worker has'));
}
