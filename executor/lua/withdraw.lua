-- Takes an admission back: its job was refused by the queue. No effect once a worker has begun, or when somebody else
-- with the same idempotency key has added the job after all.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 claim ("" = none)
-- Returns 1 if there was something to take back
local base, id = KEYS[1], ARGV[1]
local known = redis.call('HMGET', base .. 'r:' .. id, 'attempt', 'queue')
if not known[1] or known[1] ~= '0' or redis.call('EXISTS', known[2] .. ':' .. id) == 1 then return 0 end
redis.call('DEL', base .. 'r:' .. id)
redis.call('ZREM', base .. 'index', id)
redis.call('ZREM', base .. 'o:' .. known[2], id)
if ARGV[2] ~= '' and redis.call('HGET', base .. 'k:' .. ARGV[2], 'id') == id then
  redis.call('DEL', base .. 'k:' .. ARGV[2])
end
return 1
