export { brokerConformance } from './broker/broker-conformance.ts';
export type {
  BrokerCapabilities,
  BrokerConformanceOptions,
  BrokerUnderTest,
  ConnectOptions,
} from './broker/under-test.ts';
export { TcpProxy, type TcpAddress } from './tcp-proxy.ts';
export { eventually, within } from './waiting.ts';
