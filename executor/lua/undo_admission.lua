-- Takes an admission back: its job was refused by the queue. No effect once a worker has begun, or when somebody else
-- with the same idempotency key has added the job after all.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 claim ("" = none)
-- Returns 1 if there was something to take back
local call, try = redis.call, redis.pcall
local base, id = KEYS[1], ARGV[1]
local known = try('HMGET', base .. 'r:' .. id, 'attempt', 'queue', 'caller')
if known.err or known[1] ~= '0' or not known[2] or call('EXISTS', known[2] .. ':' .. id) == 1 then return 0 end
call('DEL', base .. 'r:' .. id)
try('ZREM', base .. 'index', id)
try('ZREM', base .. 'all', id)
try('ZREM', base .. 'o:' .. known[2], id)
if known[3] then
  try('ZREM', base .. 'of:' .. known[3], id)
  try('ZREM', base .. 'oc:' .. known[3], id)
end
if ARGV[2] ~= '' and try('HGET', base .. 'k:' .. ARGV[2], 'id') == id then
  call('DEL', base .. 'k:' .. ARGV[2])
  if known[3] then try('ZREM', base .. 'kc:' .. known[3], ARGV[2]) end
end
return 1
