export { DeadLetterCollector, type DeadLetterCollectorOptions } from './dead-letters/dead-letter-collector.ts';
export { HistoryCounter, type HistoryCounterOptions } from './history/history-counter.ts';
export { BeatPresence, type BeatPresenceOptions } from './presence/beat-presence.ts';
export { OutboxRelay, type OutboxRelayOptions } from './relay/outbox-relay.ts';
export { Rescuer, type RescuerOptions } from './rescue/rescuer.ts';
export { Sweeper, type SweeperOptions } from './sweep/sweeper.ts';
