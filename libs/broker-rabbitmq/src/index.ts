export type { QueueKind, RabbitBrokerOptions } from './options.ts';
export { RabbitBroker } from './rabbit-broker.ts';
export { DEAD_LETTERS } from './topology/queue-arguments.ts';
export { QueueDeclarationError } from './topology/topology.ts';
