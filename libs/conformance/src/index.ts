export { brokerConformance } from './broker/broker-conformance.ts';
export type {
  BrokerCapabilities,
  BrokerConformanceOptions,
  BrokerUnderTest,
  ConnectOptions,
} from './broker/under-test.ts';
export { within } from './within.ts';
