import { toError } from '@lovage/foundation';

/** What the server itself answered: everything else that ioredis rejects with means that no answer came. */
export function isAnswer(error: unknown): boolean {
  return toError(error).name === 'ReplyError';
}

/** More memory than `maxmemory` allows, and nothing that may be evicted. */
export const isFull = (error: unknown): boolean => isAnswer(error) && toError(error).message.includes('OOM ');

/** A server that was the master until a failover: its writes fail, and another is to be found. */
export const isReplica = (error: unknown): boolean => isAnswer(error) && /READONLY/.test(toError(error).message);

/** No later try can succeed. */
export const isHopeless = (error: unknown): boolean =>
  isAnswer(error) && /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR DB index)/.test(toError(error).message);
