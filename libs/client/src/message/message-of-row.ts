import type { OutgoingMessage, StoredMessage, TaskRow } from '@lovage/ports';
import { encodeMessage } from './encode-message.ts';

/**
 * The message of a task made again from its row, of the row's turn: what the outbox relay publishes.
 * Pure; the same row always gives the same message.
 */
export function messageOfRow(row: TaskRow): OutgoingMessage {
  const stored = (row.message ?? {}) as StoredMessage;
  const input = row.input === null || row.input === undefined ? null : JSON.stringify(row.input);
  const extra = row.extra ? JSON.stringify(row.extra) : null;
  return encodeMessage({ ...row, input, extra }, stored, { turn: row.turn, retries: row.retries, hasRow: true });
}
