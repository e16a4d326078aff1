-- Which generations a page of a list has, newest first: their ids alone, found by fields of their records, however long
-- those are.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 ids older than this one ("" = from the newest), 2 how many to look at, 3 how many to find, 4 "1" = of one
--         caller, 5 that caller, 6 state ("" = any), 7 model ("" = any), 8 "1" = also while something is to be adopted
-- Returns {where to go on ("" = that was all), "adopt" (generations of processes of the version before are not in the
--         index of their callers yet: adopt.lua, then again) | "", {ids}}
local base = KEYS[1]
local index = base .. (ARGV[4] == '1' and 'of:' .. ARGV[5] or 'index')
local function differ()
  if redis.call('ZCARD', base .. 'index') ~= redis.call('ZCARD', base .. 'all') then return true end
  return redis.call('ZRANGE', base .. 'index', -1, -1)[1] ~= redis.call('ZRANGE', base .. 'all', -1, -1)[1]
end
if ARGV[8] ~= '1' and differ() then return {ARGV[1], 'adopt', {}} end
-- All have the same score, so the index is in the order of the ids, which is that of their creation.
local from = ARGV[1] == '' and '+' or '(' .. ARGV[1]
local ids = redis.call('ZREVRANGEBYLEX', index, from, '-', 'LIMIT', 0, ARGV[2])
local found, gone, at = {}, {}, 0
while at < #ids and #found < tonumber(ARGV[3]) do
  at = at + 1
  local known = redis.pcall('HMGET', base .. 'r:' .. ids[at], 'state', 'caller', 'model')
  if known.err then
    -- Shown to those who see everything, so that somebody hears of it.
    if ARGV[4] ~= '1' and ARGV[6] == '' and ARGV[7] == '' then found[#found + 1] = ids[at] end
  elseif not known[1] then
    gone[#gone + 1] = ids[at]
  elseif (ARGV[4] ~= '1' or known[2] == ARGV[5]) and (ARGV[6] == '' or known[1] == ARGV[6]) and
         (ARGV[7] == '' or known[3] == ARGV[7]) then
    found[#found + 1] = ids[at]
  end
end
-- A caller's index has no other use than this, so what is gone leaves it; whose it was is remembered beside it.
if ARGV[4] == '1' and #gone > 0 then
  redis.call('ZREM', index, unpack(gone))
  local remembered = {}
  for _, id in ipairs(gone) do
    remembered[#remembered + 1] = '0'
    remembered[#remembered + 1] = id
  end
  redis.pcall('ZADD', base .. 'go:' .. ARGV[5], unpack(remembered))
  redis.pcall('SADD', base .. 'callers', ARGV[5])
end
local more = at < #ids or #ids == tonumber(ARGV[2])
return {more and at > 0 and ids[at] or '', '', found}
