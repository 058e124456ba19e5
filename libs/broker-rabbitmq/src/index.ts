export { brokerAdapter } from './broker-adapter.ts';
export type { RabbitBrokerOptions } from './options.ts';
export { RabbitBroker } from './rabbit-broker.ts';
export { RabbitRefusedError } from './refused-error.ts';
export { DEAD_LETTERS, type QueueKind } from './topology/queue-arguments.ts';
