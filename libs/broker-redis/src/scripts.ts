import type { Redis } from 'ioredis';
import { SESSIONS, UNACKED, UNACKED_INDEX } from './keys.ts';
import { FLAG_OURS, FLAG_TOP, OUR_START } from './wire/envelope.ts';

/** Flags a text as redelivered, where a Python worker looks for it if the text is ours. */
const FLAG = `
local function flag(raw)
  local start = '${OUR_START}'
  if string.sub(raw, 1, #start) == start then
    if string.sub(raw, #start + 1, #start + ${FLAG_OURS.length}) == '${FLAG_OURS}' then return raw end
    return start .. '${FLAG_OURS}' .. string.sub(raw, #start + 1)
  end
  if string.sub(raw, 1, ${FLAG_TOP.length}) == '${FLAG_TOP}' or string.sub(raw, 1, 1) ~= '{' then return raw end
  return '${FLAG_TOP}' .. string.sub(raw, 2)
end`;

/**
 * What of a tag of ours is its queue and the place of its list: 'lv:<session>:<place>:<number>:<queue>'. And what was kept under it:
 * '[<text>,"",<queue as JSON>]'.
 */
const TAG = `
local function parts(tag)
  return string.match(tag, '^lv:([^:]*):(%d):%d+:(.*)$')
end
local function kept(value, queue)
  return string.sub(value, 2, #value - 5 - #cjson.encode(queue))
end
local SEP = '\\6\\22'
local STEPS = {'', SEP .. '3', SEP .. '6', SEP .. '9'}`;

/** Moves what is held under a tag back to the end that is taken first. Who removes it from the hash moves it: nobody else. */
const REQUEUE = `
local function requeue(tag, prefix, woken)
  local session, place, queue = parts(tag)
  if not queue then return 0 end
  local value = redis.call('HGET', '${UNACKED}', tag)
  redis.call('ZREM', '${UNACKED_INDEX}', tag)
  if not value then return 0 end
  redis.call('HDEL', '${UNACKED}', tag)
  redis.call('RPUSH', queue .. STEPS[tonumber(place) + 1], flag(kept(value, queue)))
  woken[queue] = true
  return 1
end
local function wake(prefix, woken)
  for queue in pairs(woken) do redis.call('PUBLISH', prefix .. 'lovage.wake.' .. queue, '') end
end`;

/** Requeues all that these sessions hold, and forgets them. */
const END_SESSIONS = `
local function end_sessions(ids, prefix)
  local dead, woken, count = {}, {}, 0
  for _, id in ipairs(ids) do dead[id] = true end
  -- The newest first, so that the oldest comes first again.
  for _, tag in ipairs(redis.call('ZREVRANGE', '${UNACKED_INDEX}', 0, -1)) do
    local session = parts(tag)
    if session and dead[session] then count = count + requeue(tag, prefix, woken) end
  end
  for _, id in ipairs(ids) do redis.call('ZREM', '${SESSIONS}', id) end
  wake(prefix, woken)
  return count
end`;

/** A server that is full refuses the first write of a script if it may take memory. After one that takes none it takes the rest. */
const UNDER_OOM = `redis.call('ZREM', KEYS[1], '')`;

const SCRIPTS = {
  /** KEYS binding, four lists · ARGV channel, four counts, texts → 0: no such queue, 1 */
  lovagePublish: `
if redis.call('EXISTS', unpack(KEYS)) == 0 then return 0 end
local at, was_empty = 6, false
for place = 1, 4 do
  local count = tonumber(ARGV[place + 1])
  if count > 0 then
    local length = redis.call('LPUSH', KEYS[place + 1], unpack(ARGV, at, at + count - 1))
    if length == count then was_empty = true end
    at = at + count
  end
end
if was_empty then redis.call('PUBLISH', ARGV[1], '') end
return 1`,

  /**
   * KEYS unacked, unacked_index, sessions, four lists · ARGV session, queue, number of the first tag, credit of the levels high, normal, low
   * → false: the session is not known any more; or counts of the four lists and the texts.
   */
  lovageTake: `
if not redis.call('ZSCORE', KEYS[3], ARGV[1]) then return false end
local found, hash, index = {0, 0, 0, 0}, {}, {}
local number = tonumber(ARGV[3])
local tail = ',"",' .. cjson.encode(ARGV[2]) .. ']'
local credit = {tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])}
local now = redis.call('TIME')
local score = now[1] .. '.' .. string.format('%06d', tonumber(now[2]))
for place = 1, 4 do
  local level = math.min(place, 3)
  if credit[level] > 0 then
    local got = redis.call('RPOP', KEYS[place + 3], credit[level])
    if got then
      found[place] = #got
      credit[level] = credit[level] - #got
      for _, raw in ipairs(got) do
        local tag = 'lv:' .. ARGV[1] .. ':' .. (place - 1) .. ':' .. number .. ':' .. ARGV[2]
        number = number + 1
        hash[#hash + 1] = tag
        hash[#hash + 1] = '[' .. raw .. tail
        index[#index + 1] = score
        index[#index + 1] = tag
        found[#found + 1] = raw
      end
    end
  end
end
if #hash > 0 then
  redis.call('HSET', KEYS[1], unpack(hash))
  redis.call('ZADD', KEYS[2], unpack(index))
end
return found`,

  /** KEYS unacked, unacked_index · ARGV tags */
  lovageAck: `
redis.call('ZREM', KEYS[2], unpack(ARGV))
return redis.call('HDEL', KEYS[1], unpack(ARGV))`,

  /** ARGV prefix, tags: the oldest last */
  lovageRequeue: `${FLAG}${TAG}${REQUEUE}
local woken, count = {}, 0
for n = 2, #ARGV do count = count + requeue(ARGV[n], ARGV[1], woken) end
wake(ARGV[1], woken)
return count`,

  /**
   * Moves a message to the dead letters. KEYS unacked, unacked_index, binding and list of the dead letters · ARGV tag, its death as JSON, member
   * of the binding, most that are kept, channel → 0: it is not ours any more
   */
  lovageRefuse: `${TAG}
redis.call('ZREM', KEYS[2], ARGV[1])
local session, place, queue = parts(ARGV[1])
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
local raw = kept(value, queue)
if string.sub(raw, 1, 1) == '{' then raw = '{"lovage_death":' .. ARGV[2] .. ',' .. string.sub(raw, 2) end
redis.call('SADD', KEYS[3], ARGV[3])
redis.call('LPUSH', KEYS[4], raw)
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[4]) - 1)
redis.call('PUBLISH', ARGV[5], '')
return 1`,

  /** KEYS sessions, epoch, binding … · ARGV session, prefix, lost session or '', members of the bindings → the epoch */
  lovageBegin: `${FLAG}${TAG}${REQUEUE}${END_SESSIONS}
${UNDER_OOM}
local now = redis.call('TIME')
if ARGV[3] ~= '' then end_sessions({ARGV[3]}, ARGV[2]) end
redis.call('ZADD', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
for n = 3, #KEYS do redis.call('SADD', KEYS[n], ARGV[n + 1]) end
redis.call('SET', KEYS[2], ARGV[1], 'NX')
return redis.call('GET', KEYS[2])`,

  /** KEYS sessions · ARGV session, prefix */
  lovageEnd: `${FLAG}${TAG}${REQUEUE}${END_SESSIONS}
return end_sessions({ARGV[1]}, ARGV[2])`,

  /**
   * Renews a session and what it has held for long, declares its queues, and ends sessions that are dead: nobody listens to their channel and
   * they were not renewed for 3 beats, or not for 30 s. KEYS sessions, unacked_index, binding … · ARGV session, prefix, beat in ms, count of
   * bindings, their members, tags → 0: this session was taken for dead.
   */
  lovageBeat: `${FLAG}${TAG}${REQUEUE}${END_SESSIONS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bindings = tonumber(ARGV[4])
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not known then return 0 end
${UNDER_OOM}
redis.call('ZADD', KEYS[1], now, ARGV[1])
for n = 1, bindings do redis.call('SADD', KEYS[n + 2], ARGV[n + 4]) end
for n = 5 + bindings, #ARGV do redis.call('ZADD', KEYS[2], 'XX', time[1], ARGV[n]) end
local dead = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - 3 * tonumber(ARGV[3]))) do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], id))
  local heard = redis.call('PUBSUB', 'NUMSUB', ARGV[2] .. 'lovage.session.' .. id)[2]
  if tonumber(heard) == 0 or now - score > 30000 then dead[#dead + 1] = id end
end
if #dead > 0 then end_sessions(dead, ARGV[2]) end
return 1`,

  /**
   * Celery's own workers tell nobody which queues they serve: each that listens for requests counts for every queue, so that nobody takes a
   * message that one of them works on for lost. KEYS binding, four lists · ARGV channel of the queue, of Celery's requests, of ours that
   * listen to those too → false: no such queue; consumers, lengths
   */
  lovageDepth: `
if redis.call('EXISTS', unpack(KEYS)) == 0 then return false end
local heard = redis.call('PUBSUB', 'NUMSUB', ARGV[1], ARGV[2], ARGV[3])
local answer = {tonumber(heard[2]) + math.max(0, tonumber(heard[4]) - tonumber(heard[6]))}
for place = 2, 5 do answer[place] = redis.call('LLEN', KEYS[place]) end
return answer`,

  /** KEYS binding, four lists → -1: no such queue; how many waited */
  lovagePurge: `
if redis.call('EXISTS', unpack(KEYS)) == 0 then return -1 end
local count = 0
for place = 2, 5 do
  count = count + redis.call('LLEN', KEYS[place])
  redis.call('DEL', KEYS[place])
end
return count`,

  /** Whether no other program has a key of these names. KEYS four lists → 1, or 0 */
  lovageOurs: `
for _, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= 'list' then return 0 end
end
return 1`,

  /** Removes a queue, and no key of another program. KEYS binding, four lists · ARGV member of the binding */
  lovageDelete: `
for place = 2, 5 do
  if redis.call('TYPE', KEYS[place]).ok == 'list' then redis.call('DEL', KEYS[place]) end
end
return redis.call('SREM', KEYS[1], ARGV[1])`,

  /** → queues and how much of each is held: of others, by the routing key that they keep with the message. */
  lovageHeld: `${TAG}
local counts, answer = {}, {}
for _, tag in ipairs(redis.call('ZRANGE', '${UNACKED_INDEX}', 0, -1)) do
  local session, place, queue = parts(tag)
  if not queue then
    local value = redis.call('HGET', '${UNACKED}', tag)
    queue = value and string.match(string.sub(value, -300), '"([^"]*)"%]$')
  end
  if queue then counts[queue] = (counts[queue] or 0) + 1 end
end
for queue, count in pairs(counts) do
  answer[#answer + 1] = queue
  answer[#answer + 1] = count
end
return answer`,

  /** An answer through a direct exchange. KEYS binding · ARGV routing key, text, seconds until it is dropped → queues that took it */
  lovageRoute: `
local count = 0
for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key, queue = string.match(member, '^(.-)\\6\\22.-\\6\\22(.*)$')
  if key == ARGV[1] and queue ~= '' then
    redis.call('LPUSH', queue, ARGV[2])
    redis.call('EXPIRE', queue, ARGV[3])
    count = count + 1
  end
end
return count`,

  /**
   * A request to all nodes. The list of its answers is bound to their exchange, and those are removed whose console is gone: nobody has
   * looked for a minute longer than was said. KEYS binding, consoles · ARGV member of the binding, ms until which answers are awaited,
   * channel, text
   */
  lovageAsk: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - 60000)) do
  local queue = string.match(member, '^.-\\6\\22.-\\6\\22(.*)$')
  redis.call('SREM', KEYS[1], member)
  if queue and redis.call('TYPE', queue).ok == 'list' then redis.call('DEL', queue) end
  redis.call('ZREM', KEYS[2], member)
end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 'GT', now + tonumber(ARGV[2]), ARGV[1])
return redis.call('PUBLISH', ARGV[3], ARGV[4])`,
} as const;

type Script = keyof typeof SCRIPTS;
type Argument = string | number | Buffer;

export type ScriptedRedis = Redis & {
  readonly [K in Script]: (numberOfKeys: number, ...args: Argument[]) => Promise<unknown>;
};

/** Makes the scripts commands of this client. ioredis sends a script once, and then its digest. */
export function withScripts(redis: Redis): ScriptedRedis {
  for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { lua });
  return redis as ScriptedRedis;
}
