-- How a model's queue stands (needs tolerant_reads).

-- How many generations are open, and when the oldest of them was created in ms (0 = none).
local function open_in(open)
  local oldest = tonumber(list('ZRANGE', open, 0, 0, 'WITHSCORES')[2] or 0) or 0
  return count('ZCARD', open), math.max(math.min(oldest, 253402300799999), 0)
end

-- The id that a worker takes next ("" = none). A paused queue keeps what waits in another list.
local function next_in(queue)
  return text('LINDEX', queue .. ':wait', -1) or text('LINDEX', queue .. ':paused', -1) or ''
end
