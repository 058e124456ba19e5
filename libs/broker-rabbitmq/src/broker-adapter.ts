import { connect } from 'amqplib';
import type { BrokerAdapter } from '@lovage/ports';
import { RabbitBroker } from './rabbit-broker.ts';

/** For `amqp://…` and `amqps://…`. */
export const brokerAdapter: BrokerAdapter = {
  serverName: 'RabbitMQ',
  open: ({ applicationName, ...options }) =>
    new RabbitBroker({ ...options, connectionName: `${applicationName} ${process.pid}` }),
  async probe(url, timeoutMs) {
    const connection = await connect(url, { timeout: timeoutMs });
    connection.on('error', () => undefined);
    await connection.close();
  },
};
