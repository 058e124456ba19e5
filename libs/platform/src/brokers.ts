import { maskUrl } from '@lovage/foundation';
import { ServerUrlError, type Broker, type BrokerAdapter, type BrokerOpenOptions } from '@lovage/ports';

interface Registered {
  /** Of the URLs that it serves. */
  readonly schemes: readonly string[];
  load(): Promise<{ readonly brokerAdapter: BrokerAdapter }>;
}

/** The adapters. To add one: its line here, and its package among the dependencies of this one. */
const ADAPTERS: readonly Registered[] = [
  { schemes: ['postgres', 'postgresql'], load: () => import('@lovage/broker-postgres') },
  { schemes: ['amqp', 'amqps'], load: () => import('@lovage/broker-rabbitmq') },
  { schemes: ['redis', 'rediss', 'redis+socket', 'sentinel'], load: () => import('@lovage/broker-redis') },
];

/** The scheme of a URL, or of the first of a list, without the colon; empty when it is no URL. */
export function schemeOf(url: string): string {
  const found = [url, url.split(';', 1)[0]!].find((text) => URL.canParse(text));
  return found === undefined ? '' : new URL(found).protocol.slice(0, -1);
}

/**
 * The adapter for a URL. Only that one is loaded: a process on the broker in Postgres does not carry AMQP.
 * @throws ServerUrlError
 */
export async function brokerAdapterOf(url: string): Promise<BrokerAdapter> {
  const found = ADAPTERS.find(({ schemes }) => schemes.includes(schemeOf(url)));
  if (found) return (await found.load()).brokerAdapter;
  const schemes = ADAPTERS.flatMap((one) => one.schemes).map((scheme) => `${scheme}://…`);
  throw new ServerUrlError('broker', maskUrl(url), `one of ${schemes.join(', ')}`);
}

/** The broker of a URL, not yet started. @throws ServerUrlError */
export async function openBroker(options: BrokerOpenOptions): Promise<Broker> {
  return (await brokerAdapterOf(options.url)).open(options);
}
