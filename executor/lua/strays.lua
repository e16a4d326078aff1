-- Jobs that lie in a queue though their generations have ended or are gone: whoever ended those could not remove them.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 queue key, 2 how many to look at of each of its lists, 3 where in the lists to begin
-- Returns {"more" (there may be others behind those that were looked at) | "", {ids of such jobs that no worker holds}}
local base, queue, count, from = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local found, more = {}, ''

local function look(ids)
  if type(ids) ~= 'table' or ids.err then return end
  if #ids == count then more = 'more' end
  for _, id in ipairs(ids) do
    local state = redis.pcall('HGET', base .. 'r:' .. id, 'state')
    local ended = state == 'succeeded' or state == 'failed' or state == 'cancelled'
    -- One that never had a record is a producer's, which nobody has begun yet.
    local gone = not state and type(redis.pcall('ZSCORE', base .. 'index', id)) == 'string'
    if (ended or gone) and redis.call('EXISTS', queue .. ':' .. id .. ':lock') == 0 then found[#found + 1] = id end
  end
end

for _, list in ipairs({'wait', 'paused', 'active'}) do
  look(redis.pcall('LRANGE', queue .. ':' .. list, from, from + count - 1))
end
for _, set in ipairs({'delayed', 'prioritized'}) do
  look(redis.pcall('ZRANGE', queue .. ':' .. set, from, from + count - 1))
end
return {more, found}
