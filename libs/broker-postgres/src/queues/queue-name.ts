import { createHash } from 'node:crypto';

/** Channel of notifications about a queue: fits an identifier without quotes, whatever the queue's name. */
export function queueChannel(name: string): string {
  return `lovage_q_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
