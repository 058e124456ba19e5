import pg from 'pg';
import type { BrokerAdapter } from '@lovage/ports';
import { PostgresBroker } from './postgres-broker.ts';

/** For `postgres://…` and `postgresql://…`. It has no management API to ask. */
export const brokerAdapter: BrokerAdapter = {
  serverName: 'PostgreSQL',
  open: ({ url, connectTimeoutMs, applicationName, deadLetterQueue, log, clock }) =>
    new PostgresBroker({ url, connectTimeoutMs, applicationName, deadLetterQueue, log, clock }),
  async probe(url, timeoutMs) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      // No such database: the server is there, and migrations may still make it.
      if ((error as { code?: string }).code !== '3D000') throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  },
};
