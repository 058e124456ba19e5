/**
 * Writes one state and tells those that wait, unless a later one is there: SUCCESS stays for ever, an end stays until another end. Celery
 * writes `status` first, so its beginning tells it. KEYS: the task's key. ARGV: document, lifetime in seconds, '1' for an end.
 * Returns 1 where it was written.
 */
export const STORE_STATE = `
local head = redis.call('GETRANGE', KEYS[1], 0, 24)
local state = string.match(head, '^{"status": ?"(%u+)"')
if state == 'SUCCESS' then return 0 end
if ARGV[3] ~= '1' and (state == 'FAILURE' or state == 'REVOKED') then return 0 end
redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
`;

/**
 * Counts a part of a chord, as Celery's workers do. What is complete by it is dealt with by who asks, and noted then; a part before that is noted at
 * once. KEYS: parts, extra size, size, the note. ARGV: place, part, lifetime in seconds. Returns parts so far, extra size, size.
 */
export const COUNT_PART = `
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
local done = redis.call('ZCARD', KEYS[1])
local more = redis.call('GET', KEYS[2])
local size = redis.call('GET', KEYS[3])
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[3]) end
if not size or done < tonumber(size) + tonumber(more or '0') then redis.call('SETEX', KEYS[4], ARGV[3], '1') end
return {done, more, size}
`;

/** Whether a document tells of an end. */
export const ENDED = /^\{"status": ?"(?:SUCCESS|FAILURE|REVOKED)"/;
