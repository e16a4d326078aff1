-- A worker takes a generation: the number of its attempt fences everything that it writes afterwards.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 queue key, 3 head, 4 first events, 5 worker, 6 ttl ms, 7 created at ms
-- Returns {"run", attempt, seq} | {"cancelled", attempt, seq, reason} | {"ended", state}
local base, id = KEYS[1], ARGV[1]
local record, log = base .. 'r:' .. id, base .. 'e:' .. id
local known = redis.call('HMGET', record, 'state', 'seq', 'cancel')
if not known[1] then
  -- Added by a producer that wrote only the job, or the record is gone: the envelope tells all that it needs.
  redis.call('HSET', record, 'state', 'queued', 'queue', ARGV[2], 'head', ARGV[3], 'seq', 1, 'attempt', 0)
  redis.call('DEL', log)
  redis.call('RPUSH', log, ARGV[4])
  redis.call('ZADD', base .. 'index', 0, id)
  redis.call('ZADD', base .. 'o:' .. ARGV[2], ARGV[7], id)
  known = {'queued', '1', false}
end
if known[1] ~= 'queued' and known[1] ~= 'running' then return {'ended', known[1]} end
local attempt = redis.call('HINCRBY', record, 'attempt', 1)
redis.call('HSET', record, 'state', 'running', 'worker', ARGV[5])
redis.call('PEXPIRE', record, ARGV[6])
redis.call('PEXPIRE', log, ARGV[6])
redis.call('PEXPIRE', base .. 'w:' .. id, ARGV[6])
if known[3] then return {'cancelled', attempt, tonumber(known[2]), known[3]} end
return {'run', attempt, tonumber(known[2])}
