export { OutboxRelay, type OutboxRelayOptions } from './relay/outbox-relay.ts';
export { Sweeper, type SweeperOptions } from './sweep/sweeper.ts';
