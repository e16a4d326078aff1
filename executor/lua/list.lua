-- A stretch of generations, newest first: enough of each to filter them by.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 ids older than this one ("" = from the newest), 2 how many
-- Returns a list of {id, state, head}; state "" for those whose record is gone
local base = KEYS[1]
-- All have the same score, so the index is in the order of the ids, which is that of their creation.
local from = ARGV[1] == '' and '+' or '(' .. ARGV[1]
local found = {}
for _, id in ipairs(redis.call('ZREVRANGEBYLEX', base .. 'index', from, '-', 'LIMIT', 0, ARGV[2])) do
  local known = redis.call('HMGET', base .. 'r:' .. id, 'state', 'head')
  found[#found + 1] = {id, known[1] or '', known[2] or ''}
end
return found
