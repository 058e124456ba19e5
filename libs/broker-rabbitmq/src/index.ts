export type { QueueKind, RabbitBrokerOptions } from './options.ts';
export { RabbitBroker } from './rabbit-broker.ts';
export { RabbitRefusedError } from './refused-error.ts';
export { DEAD_LETTERS } from './topology/queue-arguments.ts';
