-- Takes a registration back: its generation was refused after all, so it never was.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 owner, 2 id, 3 claim ("" = none)
-- Returns 1 if there was something to take back
local call, try = redis.call, redis.pcall
local base, owner, id, claim = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = try('HMGET', base .. 'r:' .. id, 'state', 'owner', 'caller')
if known.err or known[1] ~= 'running' or known[2] ~= owner then return 0 end
local caller = known[3] or ''
call('DEL', base .. 'r:' .. id)
try('ZREM', base .. 'index', id)
try('ZREM', base .. 'all', id)
try('ZREM', base .. 'so:' .. owner, id)
try('ZREM', base .. 'of:' .. caller, id)
if claim ~= '' and try('HGET', base .. 'k:' .. claim, 'id') == id then
  call('DEL', base .. 'k:' .. claim)
  try('ZREM', base .. 'kc:' .. caller, claim)
end
return 1
