-- Claims the idempotency key, looks whether the queue has room, and writes the record of a generation that is about to
-- be added to its queue. Nothing runs yet: the job is added by upstream's own script afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 queue key ("<prefix>:<queue>"), 3 head, 4 first events, 5 claim ("" = none), 6 fingerprint,
--         7 claim ttl ms, 8 most that may wait, 9 slots of a model without a known worker, 10 ttl ms, 11 watcher,
--         12 now ms, 13 model, 14 "1" = refuse without a worker
-- Returns {"admitted"} | {"held", id, "job" | "lost"} | {"conflict", id} | {"busy", open, slots} | {"no_worker"}
local base, id, queue = KEYS[1], ARGV[1], ARGV[2]
local record = base .. 'r:' .. id
local claim = ARGV[5] ~= '' and base .. 'k:' .. ARGV[5]

if claim then
  local held = redis.call('HMGET', claim, 'id', 'fingerprint')
  if held[1] then
    if held[2] ~= ARGV[6] then return {'conflict', held[1]} end
    local state = redis.call('HGET', base .. 'r:' .. held[1], 'state')
    local known = redis.call('EXISTS', queue .. ':' .. held[1]) == 1
    -- A record that waits for a job which is not there: whoever claimed the key did not get as far as the queue.
    local lost = state == 'queued' and not known
    return {'held', held[1], lost and 'lost' or 'job'}
  end
end

local slots = 0
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', base .. 'l:' .. ARGV[13], '(' .. ARGV[12], '+inf')) do
  slots = slots + (tonumber(string.match(lease, '^%d+')) or 0)
end
if slots == 0 then
  if ARGV[14] == '1' then return {'no_worker'} end
  slots = tonumber(ARGV[9])
end
local open = redis.call('ZCARD', base .. 'o:' .. queue)
if open >= slots + tonumber(ARGV[8]) then return {'busy', open, slots} end

if claim then
  redis.call('HSET', claim, 'id', id, 'fingerprint', ARGV[6])
  redis.call('PEXPIRE', claim, ARGV[7])
end
redis.call('HSET', record, 'state', 'queued', 'queue', queue, 'head', ARGV[3], 'seq', 1, 'attempt', 0)
redis.call('PEXPIRE', record, ARGV[10])
redis.call('RPUSH', base .. 'e:' .. id, ARGV[4])
redis.call('PEXPIRE', base .. 'e:' .. id, ARGV[10])
if ARGV[11] ~= '' then
  redis.call('SADD', base .. 'w:' .. id, ARGV[11])
  redis.call('PEXPIRE', base .. 'w:' .. id, ARGV[10])
end
redis.call('ZADD', base .. 'index', 0, id)
redis.call('ZADD', base .. 'o:' .. queue, ARGV[12], id)
return {'admitted'}
