export { brokerAdapter } from './broker-adapter.ts';
export type { PostgresBrokerOptions } from './options.ts';
export { PostgresBroker } from './postgres-broker.ts';
export { BrokerStorageTooNewError } from './storage/ensure-storage.ts';
