-- Counts the records of generations that have ended: what would be lost with the server. A piece of the index at a
-- time.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 ids behind this one ("" = from the oldest), 2 how many to look at
-- Returns {where to go on ("" = that was all), how many, the longest time in ms until one of them goes by itself}
local base, most = KEYS[1], tonumber(ARGV[2])
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local ids = redis.call('ZRANGEBYLEX', base .. 'index', from, '+', 'LIMIT', 0, most)
local ended, longest = 0, 0
for _, id in ipairs(ids) do
  local record = base .. 'r:' .. id
  local state = redis.pcall('HGET', record, 'state')
  if state and state ~= 'queued' and state ~= 'running' then
    ended = ended + 1
    longest = math.max(longest, redis.call('PTTL', record))
  end
end
return {#ids == most and ids[#ids] or '', ended, longest}
