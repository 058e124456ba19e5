import {
  foreignResultsQueue,
  type Broker,
  type OutgoingMessage,
  type StoredMessage,
  type TaskRow,
} from '@lovage/ports';
import { encodeMessage } from './encode-message.ts';

/**
 * The message of a task made again from its row, of the row's generation: what the outbox relay publishes.
 * The same row always gives the same message.
 * @param broker that it is for: workers of another platform reply to a queue there.
 */
export function messageOfRow(row: TaskRow, broker: Pick<Broker, 'deadLetterQueue'>): OutgoingMessage {
  const stored = (row.message ?? {}) as StoredMessage;
  const input = row.input === null || row.input === undefined ? null : JSON.stringify(row.input);
  const extra = row.extra ? JSON.stringify(row.extra) : null;
  const foreignResults = foreignResultsQueue(broker);
  const { generation, retries } = row;
  return encodeMessage({ ...row, input, extra }, stored, { generation, retries, hasRow: true, foreignResults });
}
