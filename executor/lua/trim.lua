-- Forgets ids that are remembered no longer, in the index of all and in those of some callers.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 the first id that is still remembered, 2 where to go on among the callers ("0" = from the beginning)
-- Returns where to go on the next time ("0" = that was all)
local call, try = redis.call, redis.pcall
local base, first = KEYS[1], '(' .. ARGV[1]
try('ZREMRANGEBYLEX', base .. 'index', '-', first)
try('ZREMRANGEBYLEX', base .. 'all', '-', first)
local found = try('SSCAN', base .. 'callers', ARGV[2], 'COUNT', 200)
if found.err then return '0' end
for _, caller in ipairs(found[2]) do
  local index, gone = base .. 'of:' .. caller, base .. 'go:' .. caller
  try('ZREMRANGEBYLEX', index, '-', first)
  try('ZREMRANGEBYLEX', gone, '-', first)
  if call('EXISTS', index, gone) == 0 then call('SREM', base .. 'callers', caller) end
end
return found[1]
