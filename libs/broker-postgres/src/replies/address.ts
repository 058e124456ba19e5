import { randomUUID } from 'node:crypto';

/** Address of a new inbox: the name of the channel that it listens to. */
export function newAddress(): string {
  return `lovage_reply_${randomUUID().replaceAll('-', '')}`;
}

/** Addresses come out of messages: only what can be an inbox of ours is ever notified. */
export function isAddress(text: string): boolean {
  return /^lovage_reply_[0-9a-f]{32}$/.test(text);
}
