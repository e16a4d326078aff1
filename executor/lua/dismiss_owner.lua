-- Forgets an owner of sync generations that has none open any more. One that goes by itself and leaves some has no lease
-- from now on.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 owner, 2 "1" = it goes by itself, 3 ids that are not open any more ...
-- Returns 1 if it is forgotten
local base, owner = KEYS[1], ARGV[1]
local open, owners = base .. 'so:' .. owner, base .. 'owners'
for at = 3, #ARGV do redis.pcall('ZREM', open, ARGV[at]) end
if redis.call('EXISTS', open) == 0 then
  redis.call('ZREM', owners, owner)
  return 1
end
if ARGV[2] == '1' then redis.call('ZADD', owners, 'XX', '0', owner) end
return 0
