import { randomUUID } from 'node:crypto';
import { isUuid } from '@lovage/foundation';
import type { Reply } from '@lovage/ports';
import type { RedisSession } from '../connection/session.ts';
import { fanoutPrefix } from '../keys.ts';
import { readEnvelope, writeEnvelope } from '../wire/envelope.ts';

/** Celery's result_expires, seconds: so long an answer waits for a Celery client that has gone. */
const FOREIGN_REPLY_SECONDS = 86_400;

/** Name of a new inbox. */
export const newAddress = (): string => `lovage_reply_${randomUUID().replaceAll('-', '')}`;

/** Addresses come out of messages: of ours there is a channel. */
const isOurs = (address: string): boolean => /^lovage_reply_[0-9a-f]{32}$/.test(address);

export const replyChannel = (db: number, address: string): string => fanoutPrefix(db) + address;

export function readReply(text: string): Reply | undefined {
  const { correlationId, body, contentType } = readEnvelope(text);
  return correlationId === undefined || contentType === undefined ? undefined : { correlationId, body };
}

/**
 * Sends a reply: to an inbox of ours through its channel; to a Celery client, whose address is a UUID, into the list of that name, as its
 * `rpc://` reads it. Anything else is nobody's address.
 */
export function sendReply(
  session: RedisSession,
  db: number,
  address: string,
  { correlationId, body }: Reply,
): Promise<unknown> {
  const text = writeEnvelope('', address, {
    body,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    correlationId,
  });
  if (isOurs(address)) return session.commands.publish(replyChannel(db, address), text);
  if (!isUuid(address)) return Promise.resolve();
  return session.commands.multi().lpush(address, text).expire(address, FOREIGN_REPLY_SECONDS).exec();
}
